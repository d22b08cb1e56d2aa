import process from "node:process";
import * as tf from "@tensorflow/tfjs";
import { captureModel } from "../model/mod.ts";
import type { Runtime } from "../runtimes/mod.ts";
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

/** Next to nothing, so that its time is that of a call. */
const CALL: LayerShape = {
  className: "Activation",
  config: { activation: "relu" },
  inputShapes: [[1]],
  batchSize: 1,
};

/** The reference takes no less, whatever a clock of coarse steps says. */
const LEAST_REFERENCE_MS = 1e-3;

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

/** A layer that is ready to run; what TensorFlow.js computes is there when the run returns. */
interface Runner {
  readonly run: () => void | Promise<void>;
  readonly dispose: () => void;
}

/**
 * Times single layers on the current backend of TensorFlow.js, as a layers model runs them, or on a runtime: warm, in turn
 * with a reference, so that a drift of the machine's speed meets both. A layer's ratio is the median over rounds.
 *
 * A runtime that makes one program of a network is called once for all of its layers: what a call costs is taken off.
 *
 * @param shapes The layers.
 * @param effort How carefully.
 * @param runtime What runs them, which this thread is ready for. Default: TensorFlow.js.
 * @returns Their times.
 * @throws {InputError} When TensorFlow.js cannot make a layer, or the runtime has no place for it.
 */
export async function timeLayers(
  shapes: readonly LayerShape[],
  { leastRounds = ROUNDS.least }: TimingEffort = {},
  runtime?: Runtime,
): Promise<LayerTimes> {
  const compiled = runtime?.isCompiled ? runtime : undefined;
  const make = (shape: LayerShape) => compiled ? compile(shape, compiled) : prepare(shape);
  const reference = await make(REFERENCE);
  const call = compiled ? await make(CALL) : undefined;
  const warmUntil = performance.now() + WARM_UP_MS;
  while (performance.now() < warmUntil) await reference.run();
  const references: number[] = [];
  const ratios: number[] = [];
  for (const group of groupShapes(shapes)) {
    const runners = await Promise.all(group.map(make));
    const count = await countRounds([reference, ...runners], leastRounds);
    const rounds: number[][] = [];
    for (let round = 0; round < count; round++) {
      const cost = call ? await timeRun(call) : 0;
      const own = Math.max(await timeRun(reference) - cost, LEAST_REFERENCE_MS);
      references.push(own);
      const times: number[] = [];
      for (const runner of runners) {
        times.push(Math.max(await timeRun(runner) - cost, 0) / own);
      }
      rounds.push(times);
    }
    runners.forEach((runner, index) => {
      ratios.push(median(rounds.map((round) => round[index])));
      runner.dispose();
    });
  }
  reference.dispose();
  call?.dispose();
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

/** A layer as a network of its own, in the format that a runtime reads. */
async function compile(shape: LayerShape, runtime: Runtime): Promise<Runner> {
  const { model, dispose } = await instantiateLayer(shape);
  try {
    const file = await captureModel(model, { path: `a ${shape.className} layer` });
    return await runtime.open(file, shape.batchSize);
  } finally {
    dispose();
  }
}

async function countRounds(runners: readonly Runner[], least: number): Promise<number> {
  let pass = 0;
  for (const runner of runners) pass += await timeRun(runner);
  return Math.min(ROUNDS.most, Math.max(least, Math.ceil(GROUP_MS / pass)));
}

/** Milliseconds of a run. */
async function timeRun({ run }: Runner): Promise<number> {
  const elapsed = startClock();
  const running = run();
  if (running !== undefined) await running;
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
