import { loadLiteRt } from "../../../src/runtimes/litert.ts";
import type { PlainTensor } from "../onnx/runtime.ts";

/** What LiteRT, as npm's `@litertjs/core` has it, makes of a file, in the order of its outputs. */
export async function runLiteRt(
  bytes: Uint8Array,
  inputs: readonly PlainTensor[],
): Promise<PlainTensor[]> {
  const { loadAndCompile, Tensor } = await loadLiteRt();
  const model = await loadAndCompile(bytes, { accelerator: "wasm" });
  const given = inputs.map(({ shape, values }) => new Tensor(values.slice(), [...shape]));
  const made = await model.run(given);
  const plain = made.map((tensor) => ({
    shape: Array.from(tensor.type.layout.dimensions),
    values: Float32Array.from(tensor.toTypedArray()),
  }));
  for (const tensor of [...given, ...made]) tensor.delete();
  model.delete();
  return plain;
}
