/**
 * LiteRT, as npm's `@litertjs/core` has it, outside a browser.
 *
 * @module
 */
import { createRequire } from "node:module";
import { readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import * as tf from "@tensorflow/tfjs";
import type { CompiledModel } from "@litertjs/core";
import { disposeModel, instantiate } from "../../../src/model/instantiate.ts";
import type { ModelFile } from "../../../src/model/model_file.ts";
import type { PlainTensor } from "../onnx/runtime.ts";

const require = createRequire(import.meta.url);

const NAME = "litert_wasm_internal";

let runtime: Promise<typeof import("@litertjs/core")> | undefined;

/** The runtime. Its script is made for pages: it defines a global, and is fetched as workers fetch scripts. */
async function start(): Promise<typeof import("@litertjs/core")> {
  const litert = await import("@litertjs/core");
  const folder = join(
    dirname(import.meta.resolve("@litertjs/core").replace("file://", "")),
    "../wasm",
  );
  const script = await readFile(join(folder, `${NAME}.js`), "utf8");
  const scope = globalThis as Record<string, unknown>;
  const given = { require: scope.require, importScripts: scope.importScripts };
  Object.assign(scope, {
    require,
    __dirname: folder,
    __filename: join(folder, `${NAME}.js`),
    importScripts: () => (0, eval)(`${script}\nglobalThis.ModuleFactory = ModuleFactory;`),
    Module: {
      wasmBinary: await readFile(join(folder, `${NAME}.wasm`)),
      locateFile: (name: string) => join(folder, name),
      print: () => {},
      printErr: () => {},
    },
  });
  await litert.loadLiteRt(`file://${folder}/${NAME}.js`);
  Object.assign(scope, given);
  return litert;
}

/** What LiteRT makes of a file, in the order of its outputs. */
export async function runLiteRt(
  bytes: Uint8Array,
  inputs: readonly PlainTensor[],
): Promise<PlainTensor[]> {
  runtime ??= start();
  const { loadAndCompile, Tensor } = await runtime;
  const model: CompiledModel = await loadAndCompile(bytes, { accelerator: "wasm" });
  const given = inputs.map(({ shape, values }) => new Tensor(values.slice(), [...shape]));
  const made = await model.run(given);
  const plain = made.map((tensor) => ({
    shape: [...tensor.type.layout.dimensions],
    values: Float32Array.from(tensor.toTypedArray() as Float32Array),
  }));
  for (const tensor of [...given, ...made]) tensor.delete();
  model.delete();
  return plain;
}

/** What TensorFlow.js makes of a model; maps are N × H × W × C. */
export async function runTfjs(
  file: ModelFile,
  inputs: readonly PlainTensor[],
): Promise<PlainTensor[]> {
  const model = await instantiate(file);
  const plain = tf.tidy(() => {
    const given = inputs.map(({ shape, values }) => tf.tensor(values, [...shape]));
    const outputs = [model.predict(given.length === 1 ? given[0] : given)].flat();
    return outputs.map((output) => ({
      shape: output.shape,
      values: output.dataSync<"float32">().slice(),
    }));
  });
  disposeModel(model);
  return plain;
}
