/** What benchmarks measure beside: time of the processor, the micro-kernel, stock kernels. */
import process from "node:process";
import * as tf from "@tensorflow/tfjs";
import type { Kernels } from "../src/kernels/load.ts";
import { registerKernels } from "../src/kernels/register.ts";

/** Floats of a column of the micro-kernel's operands. */
const TILE_DEPTH = 256;
const TILE_FLOPS = 2 * 4 * 8 * TILE_DEPTH;
const MOST_FLOPS = 2e8;

/**
 * Seconds that the processor has spent on this process, all threads. Unlike seconds that have passed, others on a busy
 * machine hardly change them.
 */
export function cpuSeconds(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}

/**
 * Lends the f32 micro-kernel with operands in the nearest cache.
 *
 * @param kernels The kernels.
 * @param flops About how many a run is to take, at most 2·10⁸.
 * @param use Is handed a run, and the flops that it takes.
 */
export function withMicroKernel<T>(
  { memory, wasm }: Kernels,
  flops: number,
  use: (run: () => void, flops: number) => T,
): T {
  const repetitions = Math.ceil(Math.min(flops, MOST_FLOPS) / TILE_FLOPS);
  const sizes = { a: TILE_DEPTH * 16, b: TILE_DEPTH * 32, sums: 32 * 8 };
  return memory.withScratch(sizes, ({ a, b, sums }) => {
    memory.f32(a, TILE_DEPTH * 4).fill(0.5);
    memory.f32(b, TILE_DEPTH * 8).fill(0.5);
    memory.f64(sums, 32).fill(0);
    return use(
      () => wasm.gemmF32Tile4x8Peak(TILE_DEPTH, a, b, sums, repetitions),
      TILE_FLOPS * repetitions,
    );
  });
}

/** Registers our kernels; what it returns lets tfjs have one set of kernels or the other. */
export function kernelSwitch(kernels: Kernels): { stock: () => void; ours: () => void } {
  const stock = tf.getKernelsForBackend("wasm");
  registerKernels(kernels);
  const ours = tf.getKernelsForBackend("wasm");
  const use = (wanted: tf.KernelConfig[]) => () => {
    for (const { kernelName } of tf.getKernelsForBackend("wasm")) {
      tf.unregisterKernel(kernelName, "wasm");
    }
    wanted.forEach((config) => tf.registerKernel(config));
  };
  return { stock: use(stock), ours: use(ours) };
}
