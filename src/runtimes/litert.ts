import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { join } from "node:path";
import { writeModel } from "../formats/mod.ts";
import { preferredBuild } from "../kernels/mod.ts";
import type { ModelFile } from "../model/mod.ts";
import { findPackage, importPackage } from "./installed_package.ts";
import { randomValues } from "./random_values.ts";
import type { OpenedNetwork, Runtime } from "./runtime.ts";

const PACKAGE = "@litertjs/core";

/**
 * Names of its WebAssembly that needs neither threads nor a graphics processor, and of the script that loads it: with
 * relaxed SIMD, which Node has from version 22 on, and without.
 */
const BUILDS = { relaxed: "litert_wasm_internal", plain: "litert_wasm_compat_internal" };

interface LiteRtTensor {
  readonly type: {
    readonly dtype: string;
    readonly layout: { readonly dimensions: ArrayLike<number> };
  };
  toTypedArray(): ArrayLike<number>;
  delete(): void;
}

/** A tensor that a model takes or gives. */
interface LiteRtDetails {
  readonly name: string;
  readonly dtype: string;
  readonly shape: ArrayLike<number>;
}

interface LiteRtModel {
  getInputDetails(): readonly LiteRtDetails[];
  getOutputDetails(): readonly LiteRtDetails[];
  run(inputs: readonly LiteRtTensor[]): Promise<readonly LiteRtTensor[]>;
  delete(): void;
}

/** The package's exports, as far as they are used. */
export interface LiteRt {
  loadLiteRt(script: string): Promise<void>;
  loadAndCompile(bytes: Uint8Array, options: { accelerator: "wasm" }): Promise<LiteRtModel>;
  readonly Tensor: new (
    values: Float32Array | Int32Array,
    shape: readonly number[],
  ) => LiteRtTensor;
}

let loaded: Promise<LiteRt> | undefined;

/**
 * LiteRT of npm's `@litertjs/core`, which the user has installed.
 *
 * @returns Its exports, with its WebAssembly loaded.
 * @throws {InputError} When it is not installed.
 */
export function loadLiteRt(): Promise<LiteRt> {
  loaded ??= loadOnce();
  return loaded;
}

/** The package is made for pages: a script defines a global, and is fetched as the workers of pages fetch scripts. */
async function loadOnce(): Promise<LiteRt> {
  const found = findPackage(PACKAGE);
  const folder = join(found.folder, "wasm");
  const litert = importPackage<LiteRt>(found);
  const build = BUILDS[preferredBuild()];
  const script = join(folder, `${build}.js`);
  const define = new Function(
    "require",
    "__dirname",
    "__filename",
    `${await readFile(script, "utf8")}\nreturn ModuleFactory;`,
  );
  const scope = globalThis as Record<string, unknown>;
  const given = { self: scope.self, importScripts: scope.importScripts };
  Object.assign(scope, {
    self: scope.self ?? globalThis,
    importScripts: () => {},
    ModuleFactory: define(createRequire(script), folder, script),
    Module: {
      wasmBinary: await readFile(join(folder, `${build}.wasm`)),
      locateFile: (name: string) => join(folder, name),
      print: () => {},
      printErr: () => {},
    },
  });
  try {
    await litert.loadLiteRt(script);
  } finally {
    Object.assign(scope, given);
  }
  return litert;
}

/** LiteRT in WebAssembly. */
export function createLiteRt(): Runtime {
  const { version } = findPackage(PACKAGE);
  return {
    name: "litert",
    version: `${PACKAGE} ${version}`,
    isCompiled: true,
    start: async () => {
      await loadLiteRt();
    },
    open: openTflite,
  };
}

async function openTflite(file: ModelFile, batchSize: number): Promise<OpenedNetwork> {
  const { loadAndCompile, Tensor } = await loadLiteRt();
  const layers = { ...file, frame: undefined };
  const [bytes] = (await writeModel("network.tflite", layers, { batch: batchSize })).values();
  const model = await loadAndCompile(bytes, { accelerator: "wasm" });
  const inputs = model.getInputDetails().map(({ shape: extents }) => {
    const shape = Array.from(extents);
    return new Tensor(randomValues(shape), shape);
  });
  return {
    run: async () => {
      for (const output of await model.run(inputs)) output.delete();
    },
    dispose: () => {
      for (const input of inputs) input.delete();
      model.delete();
    },
  };
}
