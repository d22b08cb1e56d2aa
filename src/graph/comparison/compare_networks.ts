import * as tf from "@tensorflow/tfjs";
import { InputError } from "../../base/mod.ts";
import { disposeModel, instantiate, type ModelFile } from "../../model/mod.ts";
import type { InputRows } from "./input_rows.ts";
import { OutputSpread, type OutputValues, readOutput } from "./output_spread.ts";
import { withoutSaturation } from "./without_saturation.ts";

/** Largest difference that rounding explains, relative to the spread of an output. */
const TOLERANCE = 1e-4;

/** Weights of a layer that are changed one after the other, until a change is noticed. */
const MOST_TRIALS = 3;

/** What a comparison found. */
export interface Comparison {
  /** Largest difference between outputs, relative to the spread of the same output. */
  readonly difference: number;
  /**
   * Whether the inputs can tell networks apart: a change of one weight in the first, a middle and the last layer that has a
   * kernel was noticed each time. Where it was not, a small difference proves nothing.
   */
  readonly isTelling: boolean;
}

/**
 * Proves that a network which was rebuilt still computes the same, in stock TensorFlow.js. Outputs are compared before a
 * last activation that saturates, such as softmax, relative to their standard deviation over the inputs.
 *
 * @param wanted The network before.
 * @param found The network after.
 * @param rows What their inputs read.
 * @param activity What was done, for messages.
 * @returns The difference, and whether the inputs could show one.
 * @throws {InputError} When outputs are no finite numbers.
 * @throws {Error} When the difference is above 1e-4: the rebuilding is wrong.
 */
export async function compareNetworks(
  wanted: ModelFile,
  found: ModelFile,
  rows: InputRows,
  activity: string,
): Promise<Comparison> {
  const before = await outputsOf(wanted, rows);
  const after = await instantiate(await withoutSaturation(found));
  try {
    const spreads = after.outputs.map(() => new OutputSpread());
    for (const [batch, first] of before.entries()) {
      const second = await readOutputs(after, rows, batch * rows.batchSize);
      spreads.forEach((spread, output) => spread.add(first[output], second[output]));
    }
    const differences = spreads.map((spread) => spread.difference);
    const difference = differences.reduce((most, each) => each <= most ? most : each, 0);
    if (Number.isNaN(difference)) {
      throw new InputError(
        `${activity}: found outputs that are no finite numbers, wanted finite ones; check the ` +
          "preprocessing of the inputs, and whether the weights have grown too large",
      );
    }
    if (!(difference <= TOLERANCE)) {
      throw new Error(
        `${activity}: the outputs of the model before and after differ by ${difference} of their ` +
          `spread, wanted at most ${TOLERANCE}; this is a defect of Secateur`,
      );
    }
    return { difference, isTelling: await noticesChanges(after, rows) };
  } finally {
    disposeModel(after);
  }
}

/** What a network makes of all rows, by batch and output. It is gone before another one is opened: large ones have no room together. */
async function outputsOf(file: ModelFile, rows: InputRows): Promise<OutputValues[][]> {
  const model = await instantiate(await withoutSaturation(file));
  try {
    const outputs: OutputValues[][] = [];
    for (let row = 0; row < rows.count; row += rows.batchSize) {
      outputs.push(await readOutputs(model, rows, row));
    }
    return outputs;
  } finally {
    disposeModel(model);
  }
}

/** What a network makes of a batch, by output. */
async function readOutputs(
  model: tf.LayersModel,
  rows: InputRows,
  from: number,
): Promise<OutputValues[]> {
  const inputs = await rows.read(from, Math.min(rows.count, from + rows.batchSize));
  const outputs = predict(model, inputs);
  const values = outputs.map(readOutput);
  tf.dispose([...inputs, ...outputs]);
  return values;
}

function predict(model: tf.LayersModel, inputs: readonly tf.Tensor[]): tf.Tensor[] {
  return tf.tidy(() => [model.predict([...inputs])].flat());
}

/** Changes one weight at a time and looks whether the outputs show it, on the first batch. */
async function noticesChanges(model: tf.LayersModel, rows: InputRows): Promise<boolean> {
  const layers = model.layers.filter((layer) =>
    layer.weights.some(({ originalName }) => /kernel/.test(originalName))
  );
  if (layers.length === 0) return true;
  const tried = new Set([layers[0], layers[layers.length >> 1], layers.at(-1)!]);
  const inputs = await rows.read(0, Math.min(rows.count, rows.batchSize));
  const unchanged = predict(model, inputs);
  try {
    return [...tried].every((layer) => noticesChange(model, layer, inputs, unchanged));
  } finally {
    tf.dispose([...inputs, ...unchanged]);
  }
}

function noticesChange(
  model: tf.LayersModel,
  layer: tf.layers.Layer,
  inputs: readonly tf.Tensor[],
  unchanged: readonly tf.Tensor[],
): boolean {
  const weights = layer.getWeights();
  const place = layer.weights.findIndex(({ originalName }) => /kernel/.test(originalName));
  const values = weights[place].dataSync() as Float32Array;
  const changed = values.slice();
  try {
    return largestByColumn(values, weights[place].shape.at(-1)!).some((at) => {
      changed[at] = values[at] === 0 ? 1 : 2 * values[at];
      const isNoticed = tf.tidy(() => {
        const others = weights.map((weight, index) =>
          index === place ? tf.tensor(changed, weight.shape) : weight
        );
        layer.setWeights(others);
        return predict(model, inputs).some((output, index) => {
          const spread = new OutputSpread();
          spread.add(readOutput(unchanged[index]), readOutput(output));
          return !(spread.difference <= TOLERANCE);
        });
      });
      changed[at] = values[at];
      return isNoticed;
    });
  } finally {
    tf.tidy(() =>
      layer.setWeights([
        ...weights.slice(0, place),
        tf.tensor(values, weights[place].shape),
        ...weights.slice(place + 1),
      ])
    );
  }
}

/** Places of the largest weights, each of another column: an output that is always zero shows no change. */
function largestByColumn(values: Float32Array, columns: number): number[] {
  const largest = new Int32Array(columns).fill(-1);
  values.forEach((value, at) => {
    const column = at % columns;
    const known = largest[column];
    if (known < 0 || Math.abs(value) > Math.abs(values[known])) largest[column] = at;
  });
  return [...largest].sort((a, b) => Math.abs(values[b]) - Math.abs(values[a]))
    .slice(0, MOST_TRIALS);
}
