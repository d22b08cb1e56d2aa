import * as tf from "@tensorflow/tfjs";
import { guardMemory } from "./memory.ts";
import { setWasmPaths } from "@tensorflow/tfjs-backend-wasm";
import backendBytes from "@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm-simd.wasm" with {
  type: "bytes",
};

let started: Promise<void> | undefined;

/**
 * Makes the WASM backend of tfjs the current one, single-threaded; calling it again is free.
 *
 * The backend's bytes are part of the module graph, so that nothing is fetched and no permission is needed. tfjs asks
 * for one of three file names by what it believes the engine supports; all three are given the SIMD build, and threads
 * are switched off, because workers here hold a backend each.
 *
 * @returns When tensors can be made.
 * @throws {Error} When the engine has no WASM SIMD.
 *
 * @example Compute with TensorFlow.js on WASM
 * ```ts
 * import { startBackend } from "@secateur/secateur";
 * import * as tf from "@tensorflow/tfjs";
 * import assert from "node:assert/strict";
 *
 * await startBackend();
 * assert.equal(tf.getBackend(), "wasm");
 * const squares = tf.tidy(() => tf.square([1, 2, 3]).dataSync());
 * assert.deepEqual(squares, Float32Array.of(1, 4, 9));
 * ```
 */
export function startBackend(): Promise<void> {
  started ??= startOnce();
  return started;
}

async function startOnce(): Promise<void> {
  const url = URL.createObjectURL(new Blob([backendBytes], { type: "application/wasm" }));
  try {
    tf.env().set("WASM_HAS_MULTITHREAD_SUPPORT", false);
    setWasmPaths({
      "tfjs-backend-wasm.wasm": url,
      "tfjs-backend-wasm-simd.wasm": url,
      "tfjs-backend-wasm-threaded-simd.wasm": url,
    }, true);
    if (!await tf.setBackend("wasm")) {
      throw new Error(
        "start the WASM backend of tfjs: it refused, an engine with WASM SIMD is needed",
      );
    }
    await tf.ready();
    guardMemory(tf.backend());
  } finally {
    URL.revokeObjectURL(url);
  }
}
