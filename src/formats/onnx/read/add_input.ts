import { countElements, MOST_VALUES, NodeRefusal } from "../../import/mod.ts";
import { DATA_TYPES, FOREIGN_TYPES, type OnnxValueInfo } from "../messages.ts";
import { type Feature, shapeInLayers } from "../values.ts";
import type { GraphContext } from "./node_call.ts";

const FLOAT_TYPES = new Set<number>([DATA_TYPES.float, DATA_TYPES.float16]);

const INTEGER_TYPES = new Set<number>([
  ...[DATA_TYPES.uint8, DATA_TYPES.int8, DATA_TYPES.int32, DATA_TYPES.int64],
  ...[FOREIGN_TYPES.uint16, FOREIGN_TYPES.int16],
]);

/**
 * Adds an input layer; the batch is open, the channels, or the numbers of a vector, must be known.
 *
 * @param input The input.
 * @param context The graph.
 * @returns Its tensor; integers are floats in the layers, and are to be cast to floats in ONNX.
 * @throws {NodeRefusal} When it has another type or shape.
 */
export function addInput({ name, dataType, shape }: OnnxValueInfo, context: GraphContext): Feature {
  const activity = `reading ${context.path}: input "${name}"`;
  const isInteger = INTEGER_TYPES.has(dataType);
  if (!isInteger && !FLOAT_TYPES.has(dataType)) {
    throw new NodeRefusal(
      `${activity} has elements of type ${dataType}, wanted float or float16, or integers; ` +
        `export the model with an input of floats`,
    );
  }
  const [, ...extents] = (shape ?? []).map((extent) =>
    typeof extent === "number" && extent !== 0 ? extent : null
  );
  const layout = context.layouts.get(name);
  const isLast = extents.length === 2 ? layout !== "first" : layout === "last";
  const value: Feature = {
    kind: "feature",
    layer: "",
    shape: extents,
    isFlat: extents.length === 1,
    isLast: extents.length > 1 && isLast,
    nonNegative: false,
    isShared: false,
    ...(isInteger && { isInteger }),
  };
  const inLayers = shapeInLayers(value);
  const known = extents.filter((extent) => extent !== null);
  const isUsable = extents.length >= 1 && extents.length <= 3 && inLayers.at(-1) !== null &&
    known.every((extent) => extent > 0);
  if (!isUsable || countElements(known) > MOST_VALUES) {
    throw new NodeRefusal(
      `${activity} has shape [${(shape ?? []).map((extent) => extent ?? "?").join(", ")}], ` +
        `wanted N × C × H × W, N × C × L or N × C with C known and ${MOST_VALUES} values at most; ` +
        `export the model for images of a fixed number of channels`,
    );
  }
  const layer = context.layers.add({
    name,
    className: "InputLayer",
    inputs: [],
    config: { batch_input_shape: [null, ...inLayers], dtype: "float32", sparse: false },
  });
  return { ...value, layer };
}
