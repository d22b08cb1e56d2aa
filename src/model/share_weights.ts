import { copyShared } from "../base/mod.ts";
import type { ModelFile, Weight } from "./model_file.ts";

/** Where values of any type may begin. */
const ALIGNMENT = 8;

/**
 * The same model with weights that threads share: sent to another thread it takes no memory there.
 *
 * @param file A model.
 * @returns The model, all its weights in one piece of shared memory.
 */
export function shareWeights(file: ModelFile): ModelFile {
  const weights = [...file.weights];
  const room = ({ values }: Weight) => ALIGNMENT * Math.ceil(values.byteLength / ALIGNMENT);
  const memory = new SharedArrayBuffer(weights.reduce((sum, [, weight]) => sum + room(weight), 0));
  let start = 0;
  const shared = weights.map(([name, weight]) => {
    const { values } = weight;
    const View = values.constructor as SharedView;
    const view = new View(memory, start, values.length);
    view.set(values);
    start += room(weight);
    return [name, { ...weight, values: view }] as const;
  });
  return { ...file, weights: new Map(shared) };
}

/**
 * The same for weights of a layer.
 *
 * @param weights Its weights by role.
 * @returns The weights, each in shared memory of its own.
 */
export function shareValues(weights: ReadonlyMap<string, Weight>): Map<string, Weight> {
  return new Map(
    [...weights].map(([role, weight]) => [role, { ...weight, values: copyShared(weight.values) }]),
  );
}

type SharedView = new (
  memory: SharedArrayBuffer,
  start: number,
  length: number,
) => Weight["values"];
