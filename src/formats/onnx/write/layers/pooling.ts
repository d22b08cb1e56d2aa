import { movedSides, pairOf, requireChannelsLast, sidesOf } from "../../../export/mod.ts";
import { describeWindows, type LayerWriter } from "./options.ts";

function pool(operator: string): LayerWriter {
  return (graph, call, [input]) => {
    requireChannelsLast(graph, call);
    const extents = pairOf(call.config.pool_size, [2, 2]);
    const strides = pairOf(call.config.strides, extents);
    const { attributes, size } = describeWindows(call, input, extents, strides);
    graph.add(call.name, operator, [input.name], { kernel_shape: extents, ...attributes });
    return { name: call.name, shape: [...size, input.shape.at(-1)!] };
  };
}

/** Pooling of whole maps to a vector. */
function globalPool(operator: string): LayerWriter {
  return (graph, call, [input]) => {
    requireChannelsLast(graph, call);
    const channels = input.shape.at(-1)!;
    const keepsAxes = call.config.keepdims === true;
    const maps = graph.add(call.name, operator, [input.name]);
    if (keepsAxes) return { name: maps, shape: [1, 1, channels] };
    const name = graph.partName(call.name, "vector");
    graph.add(name, "Flatten", [maps], { axis: 1 });
    return { name, shape: [channels], maps };
  };
}

/** Rows and columns put around maps, or taken away. */
const writeZeroPadding: LayerWriter = (graph, call, [input]) => {
  requireChannelsLast(graph, call);
  const [rows, columns] = sidesOf(call.config.padding);
  const pads = [0, 0, rows[0], columns[0], 0, 0, rows[1], columns[1]];
  const operand = graph.addIntegers(call.layer, "pads", pads);
  graph.add(call.name, "Pad", [input.name, operand], { mode: "constant" });
  return { name: call.name, shape: movedSides(input.shape, [rows, columns], 1) };
};

const writeCropping: LayerWriter = (graph, call, [input]) => {
  requireChannelsLast(graph, call);
  const [rows, columns] = sidesOf(call.config.cropping);
  const lists = {
    starts: [rows[0], columns[0]],
    ends: [rows, columns].map(([, end]) => end === 0 ? 2 ** 31 - 1 : -end),
    axes: [2, 3],
  };
  const operands = Object.entries(lists).map(([role, list]) =>
    graph.addIntegers(call.layer, role, list)
  );
  graph.add(call.name, "Slice", [input.name, ...operands]);
  return { name: call.name, shape: movedSides(input.shape, [rows, columns], -1) };
};

/** UpSampling2D, from the upper left corner as TensorFlow.js does it. */
const writeUpSampling: LayerWriter = (graph, call, [input]) => {
  requireChannelsLast(graph, call);
  const factors = pairOf(call.config.size, [2, 2]);
  const isNearest = (call.config.interpolation ?? "nearest") === "nearest";
  const scales = graph.addFloats(call.layer, "scales", [4], [1, 1, ...factors]);
  graph.add(call.name, "Resize", [input.name, "", scales], {
    mode: isNearest ? "nearest" : "linear",
    coordinate_transformation_mode: "asymmetric",
    ...(isNearest && { nearest_mode: "floor" }),
  });
  const size = factors.map((factor, axis) => {
    const extent = input.shape[axis];
    return extent === null ? null : extent * factor;
  });
  return { name: call.name, shape: [...size, input.shape[2]] };
};

/** Layers that change the size of maps. */
export const poolingLayers: Readonly<Record<string, LayerWriter>> = {
  MaxPooling2D: pool("MaxPool"),
  AveragePooling2D: pool("AveragePool"),
  GlobalAveragePooling2D: globalPool("GlobalAveragePool"),
  GlobalMaxPooling2D: globalPool("GlobalMaxPool"),
  ZeroPadding2D: writeZeroPadding,
  Cropping2D: writeCropping,
  UpSampling2D: writeUpSampling,
};
