import {
  movedSides,
  pairOf,
  requireChannelsLast,
  sidesOf,
  windowsOfPool,
} from "../../../export/mod.ts";
import { flagAttribute } from "../../attributes.ts";
import { describePool } from "./convolution.ts";
import type { LayerWriter } from "./layer_writer.ts";

function pool(operator: string): LayerWriter {
  return (graph, call, [input]) => {
    requireChannelsLast(graph, call);
    const { extents, strides, shape } = windowsOfPool(call, input);
    return graph.add(call.name, operator, [input], shape, describePool(call, extents, strides));
  };
}

/** Pooling of whole maps, or rows of a series, to a vector. */
function globalPool(operator: string): LayerWriter {
  return (graph, call, [input]) => {
    requireChannelsLast(graph, call);
    const channels = input.shape.at(-1)!;
    const sides = input.shape.slice(0, -1);
    const keeps = call.config.keepdims === true;
    const axes = graph.addIntegers(call.layer, "axes", sides.map((_, axis) => axis + 1));
    const shape = keeps ? [...sides.map(() => 1), channels] : [channels];
    return graph.add(call.name, operator, [input, axes], shape, {
      keep_dims: flagAttribute(keeps),
    });
  };
}

/** Rows and columns put around maps. */
const writeZeroPadding: LayerWriter = (graph, call, [input]) => {
  requireChannelsLast(graph, call);
  const [rows, columns] = sidesOf(call.config.padding);
  const pads = graph.addIntegers(
    ...[call.layer, "pads", [0, 0, ...rows, ...columns, 0, 0], [4, 2]] as const,
  );
  return graph.add(call.name, "Pad", [input, pads], movedSides(input.shape, [rows, columns], 1));
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
  const shape = movedSides(input.shape, sides, -1);
  return graph.add(call.name, "StridedSlice", [input, ...operands], shape, {
    begin_mask: { i: String(0b1001) },
    end_mask: { i: String(endMask) },
  });
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
  const operator = isNearest ? "ResizeNearestNeighbor" : "ResizeBilinear";
  const operand = graph.addIntegers(call.name, "size", size);
  return graph.add(call.name, operator, [input, operand], [...size, input.shape[2]], {
    align_corners: flagAttribute(false),
    half_pixel_centers: flagAttribute(false),
  });
};

/** Layers that change the size of maps. */
export const mapLayers: Readonly<Record<string, LayerWriter>> = {
  MaxPooling2D: pool("MaxPool"),
  AveragePooling2D: pool("AvgPool"),
  GlobalAveragePooling1D: globalPool("Mean"),
  GlobalAveragePooling2D: globalPool("Mean"),
  GlobalMaxPooling1D: globalPool("Max"),
  GlobalMaxPooling2D: globalPool("Max"),
  ZeroPadding2D: writeZeroPadding,
  Cropping2D: writeCropping,
  UpSampling2D: writeUpSampling,
};
