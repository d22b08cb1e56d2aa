import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs";
import { ForwardPlan } from "../../../src/execution/forward/forward_plan.ts";
import type { ImageBatch, Objective } from "../../../src/execution/forward/objective.ts";
import {
  type ObjectiveSpec,
  openObjective,
} from "../../../src/execution/forward/open_objective.ts";
import type { Network } from "../../../src/graph/opening/network.ts";
import { disposeModel } from "../../../src/model/instantiate.ts";
import { randomImages } from "../../support/networks.ts";

/** What an objective is tested with: itself, and a network that is not perfect by it. */
export interface ObjectiveCase {
  readonly spec: ObjectiveSpec;
  readonly network: Network;
}

const IMAGES = 9;

/** Images `from` to `to` of nine, in batches of some size. */
async function* batchesOf(from: number, to: number, size: number): AsyncGenerator<ImageBatch> {
  for (let start = from; start < to; start += size) {
    const count = Math.min(size, to - start);
    const labels = Int32Array.from({ length: count }, (_, index) => (start + index) % 4);
    const images = tf.tidy(() => randomImages(IMAGES).slice(start, count));
    const indices = labels.map((_, index) => start + index);
    yield await Promise.resolve({ inputs: [images], labels, indices });
  }
}

/** Measures a network that stays as it is. */
export async function measureOn<Sums>(
  objective: Objective<Sums>,
  { graph, model }: Network,
  batches: AsyncIterable<ImageBatch>,
): Promise<Sums[]> {
  const plan = new ForwardPlan(graph, model);
  try {
    return await objective.measure({ graph, plan }, batches);
  } finally {
    plan.dispose();
  }
}

/** What every objective has to do. `open` makes a case of four classes or none. */
export function testObjectiveContract(name: string, open: () => Promise<ObjectiveCase>): void {
  Deno.test(`${name}: batches add up to the whole, whoever ran them, and go through a thread`, async () => {
    const { spec, network } = await open();
    const objective = await openObjective(structuredClone(spec));
    const measure = (from: number, to: number, size: number) =>
      measureOn(objective, network, batchesOf(from, to, size));
    const whole = objective.figuresOf(await measure(0, IMAGES, IMAGES));
    const inBatches = objective.figuresOf(await measure(0, IMAGES, 3));
    const parts = [await measure(0, 0, 3), await measure(0, 3, 3), await measure(3, IMAGES, 3)];
    const found = objective.figuresOf(structuredClone(parts).flat());
    assert.deepEqual(found, inBatches, "to the last bit");
    assert.equal(found.images, IMAGES);
    assert.ok(Math.abs(found.error - whole.error) < 1e-5, `${found.error}, ${whole.error}`);
    assert.ok(Math.abs(found.loss - whole.loss) < 1e-5 * Math.max(1, whole.loss));
    objective.dispose();
    disposeModel(network.model);
  });

  Deno.test(`${name}: figures are numbers of which 0 is the best, under one name`, async () => {
    const { spec, network } = await open();
    const objective = await openObjective(spec);
    const figures = objective.figuresOf(await measureOn(objective, network, batchesOf(0, 9, 4)));
    assert.ok(figures.error > 0 && Number.isFinite(figures.error));
    assert.ok(figures.loss > 0 && Number.isFinite(figures.loss));
    assert.notEqual(figures.accuracy === undefined, figures.outputs === undefined);
    objective.dispose();
    disposeModel(network.model);
  });

  Deno.test(`${name}: all memory is given back`, async () => {
    const before = tf.memory().numTensors;
    const { spec, network } = await open();
    const objective = await openObjective(spec);
    await measureOn(objective, network, batchesOf(0, 9, 4));
    objective.dispose();
    disposeModel(network.model);
    assert.equal(tf.memory().numTensors, before);
  });
}
