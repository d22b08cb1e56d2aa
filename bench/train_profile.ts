/**
 * Where a training step on one thread spends its time, by kernel, beside the wall of each.
 *
 *     deno run --allow-read --allow-write --allow-env bench/train_profile.ts [network] [images] [rounds]
 *
 * The network is trained as in train_bench.ts, by default ResNet-20 on 128 images of 32×32×3. Every kernel of tfjs and
 * those of BatchNormalization are timed; "between kernels" is the rest of the step. Convolutions are given in GFLOP/s of
 * the direct method, of which 4×4 tiles take a quarter of the products, beside the micro-kernel's; all others in GB/s of
 * what they read and write, beside the sum of two arrays of the largest activation's size. Medians of the rounds. All times are
 * those that the processor spent on this process, so that others on a busy machine hardly change them.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import { type Kernels, loadKernels } from "../src/kernels/load.ts";
import { registerKernels } from "../src/kernels/register.ts";
import { startBackend } from "../src/kernels/backend.ts";
import { cpuSeconds, withMicroKernel } from "./machine.ts";
import {
  CLASSES,
  LocalTraining,
  makeSubject,
  SEED,
  SIDE,
  type Subject,
} from "./train_contestants.ts";
import { formatSpread, formatTable, spreadOf } from "./timing.ts";

const WARM_UPS = 3;
const F32_BYTES = 4, TILE_FLOPS = 2e8;

/** Milliseconds of the processor. */
function cpuTime(): number {
  return 1e3 * cpuSeconds();
}

/** What one kind of call did in a round. */
interface Work {
  calls: number;
  ms: number;
  flops: number;
  bytes: number;
}

/** Calls of the kernels by kind, one map per round. */
class Ledger {
  rounds: Map<string, Work>[] = [];
  #isInside = false;

  /** Runs a call, and notes it unless it is a part of another. */
  note<T>(kind: string, run: () => T, describe: (result: T) => Pick<Work, "flops" | "bytes">): T {
    if (this.#isInside) return run();
    this.#isInside = true;
    try {
      const start = cpuTime();
      const result = run();
      const ms = cpuTime() - start;
      const { flops, bytes } = describe(result);
      const round = this.rounds.at(-1)!;
      const work = round.get(kind) ?? { calls: 0, ms: 0, flops: 0, bytes: 0 };
      round.set(kind, {
        calls: work.calls + 1,
        ms: work.ms + ms,
        flops: work.flops + flops,
        bytes: work.bytes + bytes,
      });
      return result;
    } finally {
      this.#isInside = false;
    }
  }
}

type Shape = readonly number[];

/** Kinds of convolutions, and the products of one, from the shapes that it reads and writes. */
const CONVOLUTIONS: Record<string, (inputs: Record<string, Shape>, output: Shape) => number> = {
  Conv2D: ({ filter }, output) => tf.util.sizeFromShape(output.slice(0, 3)) * sizeOf(filter),
  Conv2DBackpropInput: ({ dy, filter }) => sizeOf(dy.slice(0, 3)) * sizeOf(filter),
  Conv2DBackpropFilter: ({ dy }, output) => sizeOf(dy.slice(0, 3)) * sizeOf(output),
};

function sizeOf(shape: Shape): number {
  return tf.util.sizeFromShape([...shape]);
}

/** "3×3", "3×3 /2", "1×1": what the cost of a convolution depends on. */
function kindOf(name: string, inputs: Record<string, tf.TensorInfo>, attrs: object): string {
  const { filterShape, strides } = attrs as { filterShape?: number[]; strides?: number | number[] };
  const filter = inputs.filter?.shape ?? filterShape;
  if (!Object.hasOwn(CONVOLUTIONS, name) || filter === undefined) return name;
  const step = [strides].flat()[0] ?? 1;
  return `${name} ${filter[0]}×${filter[1]}${step === 1 ? "" : ` /${step}`}`;
}

/** Has every kernel of tfjs noted. */
function watchBackend(ledger: Ledger): void {
  for (const config of tf.getKernelsForBackend("wasm")) {
    const name = config.kernelName;
    tf.unregisterKernel(name, "wasm");
    tf.registerKernel({
      ...config,
      kernelFunc: (call) => {
        const inputs = Object.fromEntries(
          Object.entries(call.inputs as Record<string, tf.TensorInfo | undefined>)
            .filter((entry): entry is [string, tf.TensorInfo] => entry[1]?.shape !== undefined),
        );
        const shapes = Object.fromEntries(
          Object.entries(inputs).map(([key, { shape }]) => [key, shape]),
        );
        return ledger.note(
          kindOf(name, inputs, call.attrs ?? {}),
          () => config.kernelFunc(call),
          (made) => {
            const output = [made].flat()[0].shape;
            const products = CONVOLUTIONS[name]?.(shapes, output) ?? 0;
            const moved = [...Object.values(shapes), output].map(sizeOf);
            return {
              flops: 2 * products,
              bytes: F32_BYTES * moved.reduce((sum, size) => sum + size, 0),
            };
          },
        );
      },
    });
  }
}

/** Kernels of BatchNormalization, with the position of their number of rows and the passes over the batch. */
const NORMALIZATIONS = {
  channelMoments: [1, 1],
  normalizeChannels: [1, 2],
  batchNormParameterGradients: [2, 2],
  batchNormInputGradient: [2, 3],
} as const;

/** The same kernels, those of BatchNormalization noted. */
function watchNormalization(kernels: Kernels, ledger: Ledger): Kernels {
  const watched = Object.entries(NORMALIZATIONS).map(([name, [rowsAt, passes]]) => {
    const run = kernels.wasm[name as keyof typeof NORMALIZATIONS] as (...args: number[]) => void;
    const note = (...args: number[]) =>
      ledger.note(name, () => run(...args), () => ({
        flops: 0,
        bytes: F32_BYTES * passes * args[rowsAt] * args[rowsAt + 1],
      }));
    return [name, note];
  });
  return { ...kernels, wasm: { ...kernels.wasm, ...Object.fromEntries(watched) } };
}

/** What the machine can do. */
interface Walls {
  readonly gflops: number;
  readonly gbytes: number;
}

/** GFLOP/s of the micro-kernel, and GB/s of a sum of two arrays of so many floats. */
function measureWalls(kernels: Kernels, floats: number): Walls {
  const { memory, wasm } = kernels;
  const bytes = F32_BYTES * floats;
  const fastest = (run: () => void) =>
    Math.min(...Array.from({ length: 15 }, () => {
      const start = cpuTime();
      run();
      return cpuTime() - start;
    }));
  const gflops = withMicroKernel(kernels, TILE_FLOPS, (run, flops) => flops / fastest(run) / 1e6);
  const gbytes = memory.withScratch({ x: bytes, y: bytes, z: bytes }, ({ x, y, z }) => {
    memory.f32(x, floats).fill(1);
    memory.f32(y, floats).fill(1);
    return 3 * bytes / fastest(() => wasm.addF32(x, y, floats, z)) / 1e6;
  });
  return { gflops, gbytes };
}

function largestActivation({ graph, images }: Subject): number {
  const sizes = graph.nodes.map(({ outputShape }) => sizeOf(outputShape.map((size) => size ?? 1)));
  return images.length * Math.max(...sizes);
}

/** The table, one row per kind of call, the slowest first. */
function tabulate(rounds: Map<string, Work>[], total: number, walls: Walls) {
  const kinds = [...rounds[0].entries()].map(([kind, { calls, flops, bytes }]) => {
    const ms = spreadOf(rounds.map((round) => round.get(kind)!.ms)).median;
    return { kind, calls, ms, flops, bytes };
  });
  const between = total - kinds.reduce((sum, { ms }) => sum + ms, 0);
  return [...kinds, { kind: "between kernels", calls: 0, ms: between, flops: 0, bytes: 0 }]
    .toSorted((a, b) => b.ms - a.ms)
    .filter(({ ms }) => ms > total / 500)
    .map(({ kind, calls, ms, flops, bytes }) => ({
      kernel: kind,
      calls: calls === 0 ? "" : String(calls),
      ms: ms.toFixed(1),
      "share of the step": `${(100 * ms / total).toFixed(1)} %`,
      speed: speedOf(flops, bytes, ms),
      "the wall": flops > 0
        ? `${walls.gflops.toFixed(0)} GFLOP/s`
        : calls === 0
        ? ""
        : `${walls.gbytes.toFixed(0)} GB/s`,
    }));
}

function speedOf(flops: number, bytes: number, ms: number): string {
  if (flops > 0) return `${(flops / ms / 1e6).toFixed(0)} GFLOP/s`;
  return bytes > 0 ? `${(bytes / ms / 1e6).toFixed(1)} GB/s` : "";
}

const [name = "resnet20", batch = "128", rounds = "9"] = Deno.args;
await startBackend();
const kernels = await loadKernels();
const folder = Deno.makeTempDirSync();
const subject = await makeSubject(folder, { name, batch: Number(batch) });
Deno.removeSync(folder, { recursive: true });
const machine = measureWalls(kernels, largestActivation(subject));
const ledger = new Ledger();
const watched = watchNormalization(kernels, ledger);
registerKernels(watched);
const images = tf.randomNormal<tf.Rank.R4>([Number(batch), SIDE, SIDE, 3], 0, 1, "float32", SEED);
const labels = subject.images.map((image) => image % CLASSES);
const local = new LocalTraining(watched, subject);
watchBackend(ledger);
const steps: number[] = [];
for (let round = -WARM_UPS; round < Number(rounds); round++) {
  ledger.rounds.push(new Map());
  const start = cpuTime();
  local.step(images, labels);
  steps.push(cpuTime() - start);
}
const step = spreadOf(steps.slice(WARM_UPS));
console.log(`${name}, ${batch} images, ${kernels.build} build, ${rounds} rounds`);
console.log(`a step, ms min / median / max: ${formatSpread(step, 1, 0)}\n`);
console.log(formatTable(tabulate(ledger.rounds.slice(WARM_UPS), step.median, machine)));
