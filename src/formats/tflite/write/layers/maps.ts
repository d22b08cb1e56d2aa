import {
  movedSides,
  pairOf,
  requireChannelsLast,
  sidesOf,
  windowsOfPool,
} from "../../../export/mod.ts";
import type { OperatorName } from "../../model.ts";
import { describeWindows } from "./convolution.ts";
import type { LayerWriter } from "./layer_writer.ts";

function pool(operator: OperatorName): LayerWriter {
  return (graph, call, [input]) => {
    requireChannelsLast(graph, call);
    const { extents: [height, width], strides, shape } = windowsOfPool(call, input);
    const options = { ...describeWindows(call, strides), height, width };
    return graph.add(call.name, operator, [input], shape, ["Pool2DOptions", options]);
  };
}

/** Pooling of whole maps to a vector. */
function globalPool(operator: OperatorName): LayerWriter {
  return (graph, call, [input]) => {
    requireChannelsLast(graph, call);
    const channels = input.shape.at(-1)!;
    const keepsAxes = call.config.keepdims === true;
    const axes = graph.addIntegers(call.layer, "axes", [1, 2]);
    const shape = keepsAxes ? [1, 1, channels] : [channels];
    return graph.add(call.name, operator, [input, axes], shape, ["ReducerOptions", { keepsAxes }]);
  };
}

/** Rows and columns put around maps. */
const writeZeroPadding: LayerWriter = (graph, call, [input]) => {
  requireChannelsLast(graph, call);
  const [rows, columns] = sidesOf(call.config.padding);
  const pads = [0, 0, ...rows, ...columns, 0, 0];
  const operand = graph.addIntegers(call.layer, "pads", pads, [4, 2]);
  return graph.add(call.name, "PAD", [input, operand], movedSides(input.shape, [rows, columns], 1));
};

/** Rows and columns taken away. */
const writeCropping: LayerWriter = (graph, call, [input]) => {
  requireChannelsLast(graph, call);
  const sides = sidesOf(call.config.cropping);
  const [rows, columns] = sides;
  const isOpen = [true, rows[1] === 0, columns[1] === 0, true];
  const endMask = isOpen.reduce((mask, open, axis) => mask + (open ? 2 ** axis : 0), 0);
  const operands = [
    graph.addIntegers(call.layer, "begins", [0, rows[0], columns[0], 0]),
    graph.addIntegers(call.layer, "ends", [0, -rows[1], -columns[1], 0]),
    graph.addIntegers(call.layer, "steps", [1, 1, 1, 1]),
  ];
  const options = { beginMask: 0b1001, endMask };
  const shape = movedSides(input.shape, sides, -1);
  return graph.add(call.name, "STRIDED_SLICE", [input, ...operands], shape, [
    "StridedSliceOptions",
    options,
  ]);
};

/** UpSampling2D, from the upper left corner as TensorFlow.js does it. */
const writeUpSampling: LayerWriter = (graph, call, [input]) => {
  requireChannelsLast(graph, call);
  const factors = pairOf(call.config.size, [2, 2]);
  const size = factors.map((factor, axis) => {
    const extent = input.shape[axis];
    if (extent !== null) return extent * factor;
    throw graph.refusal(call, "reads maps of open size, wanted a fixed one; fix the image size");
  });
  const isNearest = (call.config.interpolation ?? "nearest") === "nearest";
  const operand = graph.addIntegers(call.name, "size", size);
  return graph.add(
    call.name,
    isNearest ? "RESIZE_NEAREST_NEIGHBOR" : "RESIZE_BILINEAR",
    [input, operand],
    [...size, input.shape[2]],
    [isNearest ? "ResizeNearestNeighborOptions" : "ResizeBilinearOptions", {}],
  );
};

/** Layers that change the size of maps. */
export const mapLayers: Readonly<Record<string, LayerWriter>> = {
  MaxPooling2D: pool("MAX_POOL_2D"),
  AveragePooling2D: pool("AVERAGE_POOL_2D"),
  GlobalAveragePooling2D: globalPool("MEAN"),
  GlobalMaxPooling2D: globalPool("REDUCE_MAX"),
  ZeroPadding2D: writeZeroPadding,
  Cropping2D: writeCropping,
  UpSampling2D: writeUpSampling,
};
