import * as tf from "@tensorflow/tfjs";
import { KERNEL_TILE, preferredBuild } from "../kernels/mod.ts";
import { Thread } from "../base/mod.ts";

/** What this process computes with. */
export interface Runtime {
  /** Version of TensorFlow.js. */
  readonly tfjs: string;
  /** Its backend; undefined as long as nothing was computed on this thread. */
  readonly backend?: string;
  /** Build of Secateur's kernels that this engine takes. */
  readonly kernels: "relaxed" | "plain";
  /** Rows and columns that its products are computed in: sums that stay in registers. */
  readonly tile: readonly [number, number];
  /** Threads that were started so far, this one included. */
  readonly threads: number;
}

/**
 * Describes what this process computes with.
 *
 * @returns TensorFlow.js, its backend, the build and the tile of the kernels, and the threads that were started so far.
 *
 * @example Say what a run was computed on
 * ```ts
 * import { describeRuntime, startBackend } from "secateur";
 * import assert from "node:assert/strict";
 *
 * await startBackend();
 * const { tfjs, backend, kernels } = describeRuntime();
 * assert.equal(`TensorFlow.js ${tfjs}, ${backend}`, "TensorFlow.js 4.22.0, wasm");
 * assert.match(kernels, /^(relaxed|plain)$/);
 * ```
 */
export function describeRuntime(): Runtime {
  return {
    tfjs: tf.version.tfjs,
    backend: tf.getBackend() || undefined,
    kernels: preferredBuild(),
    tile: KERNEL_TILE,
    threads: 1 + Thread.started,
  };
}
