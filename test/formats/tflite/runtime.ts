/**
 * LiteRT, as npm's `@litertjs/core` has it, outside a browser.
 *
 * @module
 */
import { createRequire } from "node:module";
import { readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { PlainTensor } from "../onnx/runtime.ts";

const require = createRequire(import.meta.url);

const NAME = "litert_wasm_internal";

/** Not a literal, so that types stay out: those of the package change what typed arrays are, everywhere. */
const PACKAGE: string = "@litertjs/core";

interface LiteRtTensor {
  readonly type: { readonly layout: { readonly dimensions: ArrayLike<number> } };
  toTypedArray(): ArrayLike<number>;
  delete(): void;
}

interface LiteRtModel {
  run(inputs: readonly LiteRtTensor[]): Promise<readonly LiteRtTensor[]>;
  delete(): void;
}

interface LiteRt {
  loadLiteRt(script: string): Promise<void>;
  loadAndCompile(bytes: Uint8Array, options: { accelerator: "wasm" }): Promise<LiteRtModel>;
  readonly Tensor: new (values: Float32Array, shape: readonly number[]) => LiteRtTensor;
}

let runtime: Promise<LiteRt> | undefined;

/** The runtime. Its script is made for pages: it defines a global, and is fetched as workers fetch scripts. */
async function start(): Promise<LiteRt> {
  const litert: LiteRt = await import(PACKAGE);
  const folder = join(dirname(fileURLToPath(import.meta.resolve(PACKAGE))), "../wasm");
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
