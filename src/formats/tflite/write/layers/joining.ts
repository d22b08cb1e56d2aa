import { broadcastPair, readDot } from "../../../export/mod.ts";
import { countElements } from "../../../import/mod.ts";
import type { OperatorName } from "../../model.ts";
import type { GraphWriter, NodeOptions, WrittenTensor } from "../graph_writer.ts";
import { finishLayer } from "./activations.ts";
import type { LayerWriter } from "./layer_writer.ts";

/** Tensors of one rank; a vector beside maps becomes maps of one value. */
function alignRanks(
  graph: GraphWriter,
  name: string,
  inputs: readonly WrittenTensor[],
): readonly WrittenTensor[] {
  const isAlike = inputs.every(({ shape }) => shape.length === inputs[0].shape.length);
  if (isAlike) return inputs;
  return inputs.map((input, index) => graph.asMaps(input, `${name}/maps${index + 1}`));
}

/** A merge as a chain of operations of two tensors. */
function addChain(
  graph: GraphWriter,
  name: string,
  inputs: readonly WrittenTensor[],
  operator: OperatorName,
  options?: NodeOptions,
): WrittenTensor {
  return inputs.slice(1).reduce((joined, input, index) => {
    const isLast = index === inputs.length - 2;
    const shape = broadcastPair(joined.shape, input.shape);
    const step = isLast ? name : `${name}/part${index + 1}`;
    const [table, values] = options ?? [];
    const own = table && [table, isLast ? values! : {}] as const;
    return graph.add(step, operator, [joined, input], shape, own);
  }, inputs[0]);
}

function merge(operator: OperatorName, table?: "AddOptions" | "MulOptions"): LayerWriter {
  return (graph, call, inputs) => {
    const parts = alignRanks(graph, call.name, inputs);
    return finishLayer(
      graph,
      call,
      (name, activation) =>
        addChain(graph, name, parts, operator, table && [table, { activation }]),
      table !== undefined,
    );
  };
}

const writeAverage: LayerWriter = (graph, call, inputs) => {
  const parts = alignRanks(graph, call.name, inputs);
  const sum = addChain(graph, `${call.name}/sum`, parts, "ADD", ["AddOptions", {}]);
  const share = graph.addFloats(call.name, "share", [], [1 / inputs.length]);
  return graph.add(call.name, "MUL", [sum, share], sum.shape, ["MulOptions", {}]);
};

const writeConcatenate: LayerWriter = (graph, call, inputs) => {
  const rank = inputs[0].shape.length;
  const given = Number(call.config.axis ?? -1);
  const axis = given < 0 ? given + rank : given - 1;
  if (axis < 0 || axis >= rank) {
    throw graph.refusal(call, `joins along axis ${given}, wanted channels, rows or columns`);
  }
  const sum = inputs.reduce<number | null>((total, { shape }) => {
    const extent = shape[axis];
    return total === null || extent === null ? null : total + extent;
  }, 0);
  const shape = inputs[0].shape.with(axis, sum);
  return graph.add(call.name, "CONCATENATION", inputs, shape, [
    "ConcatenationOptions",
    { axis: axis + 1 },
  ]);
};

const writeReshape: LayerWriter = (graph, call, [input]) => {
  if (input.shape.includes(null)) {
    throw graph.refusal(call, "reads maps of open size, wanted a fixed one; fix the image size");
  }
  const count = countElements(input.shape as number[]);
  const given = (call.config.target_shape ?? [count]) as number[];
  const known = countElements(given.filter((extent) => extent !== -1 && extent !== null));
  const target = given.map((extent) => extent === -1 || extent === null ? count / known : extent);
  if (target.join() === input.shape.join()) return input;
  return graph.addReshape(call.name, input, target);
};

/** Dot of two matrices. */
const writeDot: LayerWriter = (graph, call, inputs) => {
  const { turned: [adjX, adjY], shape } = readDot(graph, call, inputs);
  return graph.add(call.name, "BATCH_MATMUL", inputs, shape, ["BatchMatMulOptions", {
    adjX,
    adjY,
  }]);
};

/** Axes in another order; `dims` counts from one, behind the batch. */
const writePermute: LayerWriter = (graph, call, [input]) => {
  const dims = call.config.dims as number[];
  const order = graph.addIntegers(call.layer, "order", [0, ...dims]);
  const shape = dims.map((axis) => input.shape[axis - 1]);
  return graph.add(call.name, "TRANSPOSE", [input, order], shape);
};

/** Layers that join tensors, reshape them or turn them. */
export const joiningLayers: Readonly<Record<string, LayerWriter>> = {
  Add: merge("ADD", "AddOptions"),
  Multiply: merge("MUL", "MulOptions"),
  Average: writeAverage,
  Maximum: merge("MAXIMUM"),
  Minimum: merge("MINIMUM"),
  Concatenate: writeConcatenate,
  Dot: writeDot,
  Flatten: writeReshape,
  Permute: writePermute,
  Reshape: writeReshape,
};
