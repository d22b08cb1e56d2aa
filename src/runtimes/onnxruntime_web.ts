import type { ModelFile } from "../model/mod.ts";
import { writeModel } from "../formats/mod.ts";
import { findPackage, importPackage } from "./installed_package.ts";
import { randomValues } from "./random_values.ts";
import type { OpenedNetwork, Runtime } from "./runtime.ts";

const PACKAGE = "onnxruntime-web";

interface OrtTensor {
  readonly dims: readonly number[];
  readonly data: ArrayLike<number>;
}

/** An axis whose size is open has a name. */
interface OrtValue {
  readonly name: string;
  readonly shape: readonly (number | string)[];
}

interface OrtSession {
  readonly inputMetadata: readonly OrtValue[];
  readonly outputNames: readonly string[];
  run(feeds: Readonly<Record<string, OrtTensor>>): Promise<Readonly<Record<string, OrtTensor>>>;
  release(): Promise<void>;
}

/** The package's exports, as far as they are used. */
export interface OnnxRuntime {
  readonly env: { readonly wasm: { numThreads?: number }; logLevel?: string };
  readonly Tensor: new (
    type: "float32",
    values: Float32Array,
    shape: readonly number[],
  ) => OrtTensor;
  readonly InferenceSession: {
    create(bytes: Uint8Array, options: { executionProviders: string[] }): Promise<OrtSession>;
  };
}

/**
 * ONNX Runtime of npm's `onnxruntime-web`, which the user has installed.
 *
 * @returns Its exports, set to one thread.
 * @throws {InputError} When it is not installed.
 */
export function loadOnnxRuntime(): OnnxRuntime {
  const runtime = importPackage<OnnxRuntime>(findPackage(PACKAGE, `${PACKAGE}/wasm`));
  runtime.env.wasm.numThreads = 1;
  runtime.env.logLevel = "error";
  return runtime;
}

/** ONNX Runtime in WebAssembly. */
export function createOnnxRuntime(): Runtime {
  const { version } = findPackage(PACKAGE, `${PACKAGE}/wasm`);
  return {
    name: PACKAGE,
    version: `${PACKAGE} ${version}`,
    isCompiled: true,
    start: () => {
      loadOnnxRuntime();
      return Promise.resolve();
    },
    open: openOnnx,
  };
}

async function openOnnx(file: ModelFile, batchSize: number): Promise<OpenedNetwork> {
  const { InferenceSession, Tensor } = loadOnnxRuntime();
  const [bytes] = (await writeModel("network.onnx", { ...file, frame: undefined })).values();
  const session = await InferenceSession.create(bytes, { executionProviders: ["wasm"] });
  const feeds = Object.fromEntries(session.inputMetadata.map(({ name, shape: [, ...extents] }) => {
    const shape = [batchSize, ...extents as number[]];
    return [name, new Tensor("float32", randomValues(shape), shape)];
  }));
  return {
    run: async () => {
      await session.run(feeds);
    },
    dispose: () => void session.release(),
  };
}
