import { InputError, walkDepthFirst } from "../../base/mod.ts";

/** One call of a layer in a functional model. */
export interface Call {
  /** Name of the layer and number of the call. */
  readonly key: string;
  /** Name of the layer. */
  readonly layer: string;
  /** Calls whose outputs it reads, in order. */
  readonly inputs: readonly string[];
}

/**
 * Refuses calls that cannot be made one after the other; TensorFlow.js would wait for them without end.
 *
 * @param calls All calls of a model.
 * @param outputs Calls that make the model's outputs.
 * @param place What is being read, for messages.
 * @throws {InputError} When a call reads a layer or call that does not exist, or its own output.
 */
export function requireAcyclic(
  calls: readonly Call[],
  outputs: readonly string[],
  place: string,
): void {
  const byKey = new Map(calls.map((call) => [call.key, call]));
  const missing = [...calls.flatMap(({ inputs }) => inputs), ...outputs]
    .find((key) => !byKey.has(key));
  if (missing !== undefined) {
    const [layer, call] = missing.split(/@(?=\d+$)/);
    throw new InputError(
      `${place}: found a connection to call ${call} of layer "${layer}", wanted one that exists; ` +
        `save the model again with Keras`,
    );
  }
  const order = new Set(sortCalls(calls));
  const waiting = calls.find((call) => !order.has(call));
  if (waiting) {
    throw new InputError(
      `${place}: found that layer "${waiting.layer}" needs its own output, wanted a graph without cycles; ` +
        `save the model again with Keras`,
    );
  }
}

/** Every call behind those it reads; calls of a cycle are left out. */
function sortCalls(calls: readonly Call[]): Call[] {
  const missing = new Map(calls.map((call) => [call, new Set(call.inputs).size]));
  const readers = new Map<string, Call[]>(calls.map(({ key }) => [key, []]));
  for (const call of calls) {
    for (const input of new Set(call.inputs)) readers.get(input)!.push(call);
  }
  const ready = calls.filter((call) => missing.get(call) === 0);
  for (const call of ready) {
    for (const reader of readers.get(call.key)!) {
      const left = missing.get(reader)! - 1;
      missing.set(reader, left);
      if (left === 0) ready.push(reader);
    }
  }
  return ready;
}

/**
 * The order in which Keras 3 numbers the layers of a functional model: by depth, which is the longest way to an output,
 * then by a walk from the outputs. Layers that no output needs are not part of the model.
 *
 * @param calls All calls of a model, without cycles.
 * @param inputs Layers of the model's inputs.
 * @param outputs Calls that make the model's outputs.
 * @returns Names of the layers, and the calls that an output needs.
 * @see keras/src/ops/function.py, `map_graph` and `_build_map`
 */
export function orderAsKeras(
  calls: readonly Call[],
  inputs: readonly string[],
  outputs: readonly string[],
): { layers: string[]; needed: ReadonlySet<Call> } {
  const byKey = new Map(calls.map((call) => [call.key, call]));
  const { finished, positions } = walkFromOutputs(byKey, outputs);
  const depthOfCall = new Map<string, number>();
  const depthOfLayer = new Map<string, number>();
  for (const call of [...finished].reverse()) {
    const depth = Math.max(depthOfCall.get(call.key) ?? 0, depthOfLayer.get(call.layer) ?? 0);
    depthOfLayer.set(call.layer, depth);
    for (const input of call.inputs) {
      depthOfCall.set(input, Math.max(depth + 1, depthOfCall.get(input) ?? 0));
    }
  }
  for (const input of inputs) {
    if (depthOfLayer.has(input)) continue;
    depthOfLayer.set(input, 0);
    positions.set(input, -1);
  }
  const layers = [...depthOfLayer.keys()].sort((first, second) =>
    depthOfLayer.get(second)! - depthOfLayer.get(first)! ||
    positions.get(first)! - positions.get(second)!
  );
  return { layers, needed: finished };
}

/** Calls in the order a depth-first walk leaves them, and the order in which it meets layers. */
function walkFromOutputs(byKey: ReadonlyMap<string, Call>, outputs: readonly string[]) {
  const positions = new Map<string, number>();
  const find = (keys: readonly string[]) => keys.map((key) => byKey.get(key)!);
  const finished = walkDepthFirst(find(outputs), ({ inputs }) => find(inputs), ({ layer }) => {
    if (!positions.has(layer)) positions.set(layer, positions.size);
  });
  return { finished, positions };
}
