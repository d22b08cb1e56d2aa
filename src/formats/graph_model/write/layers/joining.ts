import { broadcastPair, readDot } from "../../../export/mod.ts";
import { countElements } from "../../../import/mod.ts";
import { flagAttribute, listAttribute, typeAttribute } from "../../attributes.ts";
import type { GraphWriter, WrittenTensor } from "../graph_writer.ts";
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
  return inputs.map((input, index) => graph.asMaps(`${name}/maps${index + 1}`, input));
}

/** A merge as a chain of operations of two tensors. */
function addChain(
  graph: GraphWriter,
  name: string,
  inputs: readonly WrittenTensor[],
  operator: string,
): WrittenTensor {
  return inputs.slice(1).reduce((joined, input, index) => {
    const isLast = index === inputs.length - 2;
    const shape = broadcastPair(joined.shape, input.shape);
    return graph.add(isLast ? name : `${name}/part${index + 1}`, operator, [joined, input], shape);
  }, inputs[0]);
}

function merge(operator: string): LayerWriter {
  return (graph, call, inputs) => {
    const parts = alignRanks(graph, call.name, inputs);
    return finishLayer(graph, call, (name) => addChain(graph, name, parts, operator));
  };
}

const writeAverage: LayerWriter = (graph, call, inputs) => {
  const parts = alignRanks(graph, call.name, inputs);
  const sum = addChain(graph, `${call.name}/sum`, parts, "AddV2");
  const share = graph.addFloats(call.name, "share", [], [1 / inputs.length]);
  return graph.add(call.name, "Mul", [sum, share], sum.shape);
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
  const operand = graph.addIntegers(call.name, "axis", [axis + 1], []);
  const shape = inputs[0].shape.with(axis, sum);
  return graph.add(call.name, "ConcatV2", [...inputs, operand], shape, {
    N: { i: String(inputs.length) },
  });
};

/** A Reshape of a tensor of open size that puts in an axis of one, or takes one out; undefined for any other. */
function writeSingleAxis(
  graph: GraphWriter,
  name: string,
  input: WrittenTensor,
  target: readonly (number | null)[],
): WrittenTensor | undefined {
  const [short, long] = [input.shape, target].sort((one, other) => one.length - other.length);
  const axis = long.findIndex((extent, place) =>
    extent === 1 &&
    long.toSpliced(place, 1).every((other, at) => (other ?? -1) === (short[at] ?? -1))
  );
  if (axis < 0 || long.length !== short.length + 1) return undefined;
  const shape = target.map((extent) => extent === -1 ? null : extent);
  if (long === input.shape) {
    const attributes = { squeeze_dims: listAttribute([axis + 1]) };
    return graph.add(name, "Squeeze", [input], shape, attributes);
  }
  const operand = graph.addIntegers(name, "axis", [axis + 1], []);
  return graph.add(name, "ExpandDims", [input, operand], shape, {
    Tdim: typeAttribute("DT_INT32"),
  });
}

const writeReshape: LayerWriter = (graph, call, [input]) => {
  const given = call.config.target_shape as (number | null)[] | undefined;
  if (input.shape.includes(null)) {
    const isSame = given?.length === input.shape.length &&
      given.every((extent, axis) => extent === input.shape[axis] || extent === -1);
    if (isSame) return input;
    const moved = given && writeSingleAxis(graph, call.name, input, given);
    if (moved) return moved;
    throw graph.refusal(call, "reads maps of open size, wanted a fixed one; fix the image size");
  }
  const count = countElements(input.shape as number[]);
  const wanted = given ?? [count];
  const known = countElements(
    wanted.filter((extent): extent is number => extent !== -1 && extent !== null),
  );
  const target = wanted.map((extent) => extent === -1 || extent === null ? count / known : extent);
  if (target.join() === input.shape.join()) return input;
  return graph.addReshape(call.name, input, target);
};

/** Dot of two matrices. */
const writeDot: LayerWriter = (graph, call, inputs) => {
  const { turned: [adj_x, adj_y], shape } = readDot(graph, call, inputs);
  return graph.add(call.name, "BatchMatMulV2", inputs, shape, {
    adj_x: flagAttribute(adj_x),
    adj_y: flagAttribute(adj_y),
  });
};

/** Axes in another order; `dims` counts from one, behind the batch. */
const writePermute: LayerWriter = (graph, call, [input]) => {
  const dims = call.config.dims as number[];
  const order = graph.addIntegers(call.layer, "order", [0, ...dims]);
  const shape = dims.map((axis) => input.shape[axis - 1]);
  return graph.add(call.name, "Transpose", [input, order], shape);
};

/** A vector, repeated as rows. */
const writeRepeat: LayerWriter = (graph, call, [input]) => {
  const count = Number(call.config.n);
  const channels = input.shape[0]!;
  const row = graph.addReshape(`${call.name}/row`, input, [1, channels]);
  const counts = graph.addIntegers(call.layer, "counts", [1, count, 1]);
  return graph.add(call.name, "Tile", [row, counts], [count, channels], {
    Tmultiples: typeAttribute("DT_INT32"),
  });
};

const passOn: LayerWriter = (_graph, _call, [input]) => input;

/** Layers that join tensors, reshape them or turn them, or do nothing outside training. */
export const joiningLayers: Readonly<Record<string, LayerWriter>> = {
  Add: merge("AddV2"),
  Subtract: merge("Sub"),
  Multiply: merge("Mul"),
  Average: writeAverage,
  Maximum: merge("Maximum"),
  Minimum: merge("Minimum"),
  Concatenate: writeConcatenate,
  Dot: writeDot,
  Flatten: writeReshape,
  Permute: writePermute,
  RepeatVector: writeRepeat,
  Reshape: writeReshape,
  ActivityRegularization: passOn,
  AlphaDropout: passOn,
  Dropout: passOn,
  GaussianDropout: passOn,
  GaussianNoise: passOn,
  SpatialDropout1D: passOn,
  SpatialDropout2D: passOn,
};
