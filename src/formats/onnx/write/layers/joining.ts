import type { GraphWriter, WrittenTensor } from "../graph_writer.ts";
import { countElements } from "../../../import/mod.ts";
import { axesInLayers } from "../../values.ts";
import { type LayerCall, readDot } from "../../../export/mod.ts";
import type { LayerWriter } from "./options.ts";

/** Tensors of one rank; a vector beside maps becomes maps of one value. */
function alignRanks(graph: GraphWriter, inputs: readonly WrittenTensor[]): WrittenTensor[] {
  const areAlike = inputs.every(({ shape, pieces }) =>
    shape.length === inputs[0].shape.length &&
    JSON.stringify(pieces) === JSON.stringify(inputs[0].pieces)
  );
  if (areAlike) return [...inputs];
  const areVectors = inputs.every(({ shape }) => shape.length === 1);
  return inputs.map((input) => areVectors ? graph.inLayerOrder(input) : graph.asMaps(input));
}

function broadcast(inputs: readonly WrittenTensor[]): (number | null)[] {
  return inputs[0].shape.map((_, axis) => {
    const extents = inputs.map(({ shape }) => shape[axis]);
    return extents.find((extent) => extent !== 1) === undefined
      ? 1
      : extents.find((extent) => extent !== null && extent !== 1) ?? null;
  });
}

/** A merge as a chain of operations of two tensors, or one of many. */
function merge(operator: string, isPairwise: boolean): LayerWriter {
  return (graph, call, inputs) => {
    const parts = alignRanks(graph, inputs);
    const names = parts.map(({ name }) => name);
    if (isPairwise) {
      names.slice(1).reduce((joined, name, index) => {
        const isLast = index === names.length - 2;
        const output = isLast ? call.name : graph.partName(call.name, `sum${index + 1}`);
        return graph.add(output, operator, [joined, name]);
      }, names[0]);
    } else {
      graph.add(call.name, operator, names);
    }
    return { name: call.name, shape: broadcast(parts), pieces: parts[0].pieces };
  };
}

const writeConcatenate: LayerWriter = (graph, call, inputs) => {
  const rank = inputs[0].shape.length;
  const given = Number(call.config.axis ?? -1);
  const axis = given < 0 ? given + rank : given - 1;
  if (axis < 0) {
    throw graph.refusal(call, `joins along axis ${given}, wanted one behind the batch`);
  }
  const names = inputs.map(({ name }) => name);
  const onnxAxis = axesInLayers(rank, rank !== 3)[axis];
  graph.add(call.name, "Concat", names, { axis: onnxAxis });
  const sum = inputs.reduce<number | null>((total, { shape }) => {
    const extent = shape[axis];
    return total === null || extent === null ? null : total + extent;
  }, 0);
  const isPlain = inputs.every(({ pieces }) => pieces === undefined);
  const pieces = isPlain
    ? undefined
    : inputs.flatMap((input) => input.pieces ?? [{ channels: input.shape[0]!, positions: 1 }]);
  return { name: call.name, shape: inputs[0].shape.with(axis, sum), pieces };
};

const writeFlatten: LayerWriter = (graph, call, [input]) => {
  if (input.shape.length === 1) return input;
  if (input.shape.includes(null)) {
    throw graph.refusal(call, "reads maps of open size, wanted a fixed one; fix the image size");
  }
  if (input.shape.length !== 3) {
    graph.add(call.name, "Flatten", [input.name], { axis: 1 });
    return { name: call.name, shape: [countElements(input.shape as number[])] };
  }
  const [height, width, channels] = input.shape as number[];
  const positions = height * width;
  graph.add(call.name, "Flatten", [input.name], { axis: 1 });
  const pieces = positions === 1 ? undefined : [{ channels, positions }];
  const maps = positions === 1 ? input.name : undefined;
  return { name: call.name, shape: [channels * positions], pieces, maps };
};

/** Reshape between maps and P × C, which keeps the channels: ONNX has them first in maps alone. */
function writeSeries(
  graph: GraphWriter,
  call: LayerCall,
  input: WrittenTensor,
  target: readonly number[],
): WrittenTensor | undefined {
  const ranks = `${input.shape.length} to ${target.length}`;
  const channels = target.at(-1)!;
  if (input.shape.at(-1) !== channels || ranks !== "3 to 2" && ranks !== "2 to 3") return undefined;
  const isToMaps = target.length === 3;
  const isColumn = (isToMaps ? target : input.shape)[1] === 1;
  if (!isColumn && target.some((extent) => Number.isNaN(extent))) return undefined;
  const turn = (name: string, read: string) => {
    const [operator, role, list] = !isColumn
      ? ["Reshape", "shape", [0, channels, ...target.slice(0, -1)]] as const
      : [isToMaps ? "Unsqueeze" : "Squeeze", "column", [3]] as const;
    return graph.add(name, operator, [read, graph.addIntegers(call.name, role, list)]);
  };
  const shape = isColumn ? [input.shape[0], ...target.slice(1)] : target;
  if (isToMaps) return { name: turn(call.name, graph.asChannelsFirst(input).name), shape };
  const part = graph.partName(call.name, "series");
  return graph.addSeries(call.name, turn(part, input.name), shape);
}

/** Reshape of what has more axes than maps, or is to have them. */
function writeAnyRank(
  graph: GraphWriter,
  call: LayerCall,
  input: WrittenTensor,
  target: readonly number[],
): WrittenTensor {
  const isMaps = target.length === 3;
  const shape = graph.addIntegers(call.name, "shape", [0, ...target]);
  const name = isMaps ? graph.partName(call.name, "channels_last") : call.name;
  graph.add(name, "Reshape", [graph.inOrder(input).name, shape]);
  if (isMaps) graph.add(call.name, "Transpose", [name], { perm: [0, 3, 1, 2] });
  return { name: call.name, shape: target };
}

/** Reshape between a vector and maps; where values move between channels and positions, through N × H × W × C. */
const writeReshape: LayerWriter = (graph, call, [input]) => {
  const count = countElements(input.shape.map((extent) => extent ?? NaN));
  const given = call.config.target_shape as number[];
  const known = countElements(given.filter((extent) => extent !== -1 && extent !== null));
  const target = given.map((extent) => extent === -1 || extent === null ? count / known : extent);
  if (target.join() === input.shape.join()) return input;
  const moved = writeSeries(graph, call, input, target);
  if (moved) return moved;
  if (Number.isNaN(count)) {
    throw graph.refusal(
      call,
      `turns [${input.shape.join(", ")}] into [${target.join(", ")}], wanted a fixed size`,
    );
  }
  if (Math.max(input.shape.length, target.length) > 3) {
    return writeAnyRank(graph, call, input, target);
  }
  const vector = input.shape.length === 1 ? input : writeFlatten(
    graph,
    { ...call, name: graph.partName(call.name, "vector") },
    [input],
  );
  if (target.length === 1) return vector;
  if (target.length === 2) {
    const rows = graph.addIntegers(call.name, "shape", [0, ...target]);
    graph.add(call.name, "Reshape", [graph.inLayerOrder(vector).name, rows]);
    return { name: call.name, shape: target };
  }
  const [height, width, channels] = target;
  if (height * width === 1) return graph.asMaps(vector);
  const [piece] = vector.pieces ?? [];
  const isUndone = vector.pieces?.length === 1 && piece.channels === channels;
  const layout = isUndone ? [0, channels, height, width] : [0, height, width, channels];
  const shape = graph.addIntegers(call.name, "shape", layout);
  const source = isUndone ? vector : graph.inLayerOrder(vector);
  if (isUndone) {
    graph.add(call.name, "Reshape", [source.name, shape]);
  } else {
    const rows = graph.add(graph.partName(call.name, "rows"), "Reshape", [source.name, shape]);
    graph.add(call.name, "Transpose", [rows], { perm: [0, 3, 1, 2] });
  }
  return { name: call.name, shape: target };
};

/** Permute: the axes of the layers' tensor change places, those of ONNX' tensor as it follows from that. */
const writePermute: LayerWriter = (graph, call, [input]) => {
  const dims = call.config.dims as number[];
  const rank = input.shape.length;
  const axes = axesInLayers(rank, rank !== 3);
  const shape = dims.map((axis) => input.shape[axis - 1]);
  const perm = Array.from(
    { length: rank + 1 },
    (_, axis) => axis === 0 ? 0 : axes[dims[axes.indexOf(axis)] - 1],
  );
  graph.add(call.name, "Transpose", [input.name], { perm });
  return { name: call.name, shape };
};

/** Dot of two matrices. */
const writeDot: LayerWriter = (graph, call, inputs) => {
  const { turned, shape } = readDot(graph, call, inputs);
  const operands = inputs.map(({ name }, place) =>
    turned[place]
      ? graph.add(graph.partName(call.name, `turned${place}`), "Transpose", [name], {
        perm: [0, 2, 1],
      })
      : name
  );
  return { name: graph.add(call.name, "MatMul", operands), shape };
};

const passOn: LayerWriter = (_graph, _call, [input]) => input;

/** Layers that join tensors, reshape them, or do nothing outside training. */
export const joiningLayers: Readonly<Record<string, LayerWriter>> = {
  Add: merge("Add", true),
  Multiply: merge("Mul", true),
  Average: merge("Mean", false),
  Maximum: merge("Max", false),
  Minimum: merge("Min", false),
  Concatenate: writeConcatenate,
  Dot: writeDot,
  Flatten: writeFlatten,
  Permute: writePermute,
  Reshape: writeReshape,
  ActivityRegularization: passOn,
  AlphaDropout: passOn,
  Dropout: passOn,
  GaussianDropout: passOn,
  GaussianNoise: passOn,
  SpatialDropout1D: passOn,
  SpatialDropout2D: passOn,
};
