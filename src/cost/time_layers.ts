import process from "node:process";
import * as tf from "@tensorflow/tfjs";
import { instantiateLayer } from "./instantiate_layer.ts";
import type { LayerShape } from "./layer_shape.ts";

/** Times of layers. */
export interface LayerTimes {
  /** Milliseconds of the reference: a 3×3 convolution of 32 × 32 images, 16 to 16 channels, batch 8. */
  readonly reference: number;
  /** Every layer's time over the reference's. */
  readonly ratios: readonly number[];
}

/** Times layers; {@link timeLayers} does on the current backend. */
export type LayerTimer = (shapes: readonly LayerShape[]) => Promise<LayerTimes>;

const REFERENCE: LayerShape = {
  className: "Conv2D",
  config: { filters: 16, kernel_size: [3, 3], strides: [1, 1], padding: "same", use_bias: false },
  inputShapes: [[32, 32, 16]],
  batchSize: 8,
};

/** Layers that take turns, so that each meets caches that others have filled, as in a network; fewer of large ones. */
const GROUP = { layers: 12, inputValues: 2 ** 25 } as const;
const WARM_UPS = 3;
const WARM_UP_MS = 300;

/** A group takes turns for so long, at least and at most so often. */
const GROUP_MS = 300;
const ROUNDS = { least: 25, most: 250 } as const;

/** Settings of {@link timeLayers}. */
export interface TimingEffort {
  /** How often slow layers take turns. Default 25, which decisions are made by. */
  readonly leastRounds?: number;
}

/** A layer that is ready to run. */
interface Runner {
  readonly run: () => void;
  readonly dispose: () => void;
}

/**
 * Times single layers of TensorFlow.js on the current backend, as a layers model runs them: warm, in turn with a
 * reference, so that a drift of the machine's speed meets both. A layer's ratio is the median over rounds.
 *
 * @param shapes The layers.
 * @param effort How carefully.
 * @returns Their times.
 * @throws {InputError} When TensorFlow.js cannot make a layer.
 */
export async function timeLayers(
  shapes: readonly LayerShape[],
  { leastRounds = ROUNDS.least }: TimingEffort = {},
): Promise<LayerTimes> {
  const reference = await prepare(REFERENCE);
  const warmUntil = performance.now() + WARM_UP_MS;
  while (performance.now() < warmUntil) reference.run();
  const references: number[] = [];
  const ratios: number[] = [];
  for (const group of groupShapes(shapes)) {
    const runners = await Promise.all(group.map(prepare));
    const count = countRounds([reference, ...runners], leastRounds);
    const rounds = Array.from({ length: count }, () => {
      const own = timeRun(reference);
      references.push(own);
      return runners.map((runner) => timeRun(runner) / own);
    });
    runners.forEach((runner, index) => {
      ratios.push(median(rounds.map((round) => round[index])));
      runner.dispose();
    });
  }
  reference.dispose();
  return { reference: median(references), ratios };
}

function groupShapes(shapes: readonly LayerShape[]): LayerShape[][] {
  const groups: LayerShape[][] = [];
  let values = Infinity;
  for (const shape of shapes) {
    const own = shape.inputShapes.reduce(
      (sum, size) => sum + size.reduce((product, extent) => product * extent, shape.batchSize),
      0,
    );
    values += own;
    if (values > GROUP.inputValues || groups.at(-1)!.length === GROUP.layers) {
      groups.push([]);
      values = own;
    }
    groups.at(-1)!.push(shape);
  }
  return groups;
}

async function prepare(shape: LayerShape): Promise<Runner> {
  const { layer, dispose } = await instantiateLayer(shape);
  const inputs = shape.inputShapes.map((size) => tf.randomUniform([shape.batchSize, ...size]));
  const run = () => {
    tf.tidy(() => {
      layer.apply(inputs.length === 1 ? inputs[0] : inputs);
    });
  };
  for (let warmUp = 0; warmUp < WARM_UPS; warmUp++) run();
  return {
    run,
    dispose: () => {
      tf.dispose(inputs);
      dispose();
    },
  };
}

function countRounds(runners: readonly Runner[], least: number): number {
  const pass = runners.reduce((sum, runner) => sum + timeRun(runner), 0);
  return Math.min(ROUNDS.most, Math.max(least, Math.ceil(GROUP_MS / pass)));
}

/** Milliseconds of a run. */
function timeRun({ run }: Runner): number {
  const elapsed = startClock();
  run();
  return elapsed();
}

/**
 * Starts a clock of this thread's own work. It shows wall time, or the processor time of the process where that is less:
 * a machine with other work to do lets a thread wait for longer than it runs.
 */
function startClock(): () => number {
  const [wall, processor] = [performance.now(), process.cpuUsage()];
  return () => {
    const { user, system } = process.cpuUsage(processor);
    return Math.min(performance.now() - wall, (user + system) / 1e3);
  };
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];
}
