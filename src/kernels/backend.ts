import * as tf from "@tensorflow/tfjs";
import { setWasmPaths } from "@tensorflow/tfjs-backend-wasm";
import packedBackend from "../../build/embedded/tfjs_backend.ts";
import { unpackBytes } from "../base/mod.ts";
import { guardMemory } from "./memory.ts";

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
 * import { startBackend } from "secateur";
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
  const code = new Blob([unpackBytes(packedBackend)], { type: "application/wasm" });
  const url = URL.createObjectURL(code);
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
