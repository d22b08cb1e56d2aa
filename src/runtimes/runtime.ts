import type { ModelFile } from "../model/mod.ts";

/** What runs networks outside of a browser, each in WebAssembly on one thread. */
export const RUNTIMES = ["tfjs-wasm", "secateur", "onnxruntime-web", "litert"] as const;

/** Name of one of the {@link RUNTIMES}. */
export type RuntimeName = typeof RUNTIMES[number];

/** What runs networks on graphics processors, in browsers alone. */
export const BROWSER_RUNTIMES = ["tfjs-webgl", "tfjs-webgpu"] as const;

/** A network that is ready to run on random inputs. */
export interface OpenedNetwork {
  /** Runs it once, until its outputs can be read. */
  run(): Promise<void>;
  /** Frees it. */
  dispose(): void;
}

/** What runs networks. */
export interface Runtime {
  /** Its name. */
  readonly name: RuntimeName;
  /** The package and its version. */
  readonly version: string;
  /**
   * Whether it makes one program of a network when it opens it: a call then costs once for all layers, and BatchNormalization
   * and ReLU become part of the convolution ahead of them.
   */
  readonly isCompiled: boolean;
  /** Makes this thread ready, which can be ready for one runtime alone. To do it again is free. */
  start(): Promise<void>;
  /**
   * Makes a network ready, in the format that the runtime reads.
   *
   * @param file The network, with inputs of fixed sizes.
   * @param batchSize Images of a run.
   * @returns The network.
   * @throws {InputError} When the runtime's format has no place for a layer.
   */
  open(file: ModelFile, batchSize: number): Promise<OpenedNetwork>;
}
