import * as tf from "@tensorflow/tfjs";

/** Runs a function on the backend that serves as the reference, and returns to WASM. */
export async function onCpu<T>(run: () => T | Promise<T>): Promise<T> {
  await tf.setBackend("cpu");
  try {
    return await run();
  } finally {
    await tf.setBackend("wasm");
  }
}
