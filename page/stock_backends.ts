import * as tf from "@tensorflow/tfjs";
import { startBackend } from "../src/browser.ts";

/** What stock TensorFlow.js computes on: WebAssembly, or the graphics processor by WebGL or WebGPU. */
export type StockBackend = "wasm" | "webgl" | "webgpu";

/**
 * Makes a backend of stock TensorFlow.js the current one. That of WebGPU is loaded by this alone.
 *
 * @param backend Which.
 * @returns Why this device has none; undefined where it has.
 */
export async function startStockBackend(backend: StockBackend): Promise<string | undefined> {
  if (backend === "wasm") {
    await startBackend();
    return undefined;
  }
  if (backend === "webgpu") {
    const { gpu } = navigator;
    if (gpu === undefined) return "this browser has no WebGPU here";
    if (await gpu.requestAdapter() === null) return "WebGPU finds no graphics processor";
    await import("@tensorflow/tfjs-backend-webgpu");
  }
  const isThere = await tf.setBackend(backend);
  return isThere ? undefined : "it could not be started";
}
