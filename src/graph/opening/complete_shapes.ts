import type * as tf from "@tensorflow/tfjs";
import type { LayerNode } from "../layer_graph.ts";

type Shape = readonly (number | null)[];

/**
 * Fills in sizes that TensorFlow.js leaves open though they are known: what a Reshape with an open size in its target
 * makes of fixed ones, and all that follows from it.
 *
 * @param nodes The network in graph order.
 * @param model The same in TensorFlow.js.
 * @returns The network; sizes that are not fixed are null.
 */
export function completeShapes(nodes: readonly LayerNode[], model: tf.LayersModel): LayerNode[] {
  const isGap = ({ className, outputShape }: LayerNode) =>
    className === "Reshape" && outputShape.includes(null);
  if (!nodes.some(isGap)) return [...nodes];
  const shapes = new Map<string, Shape>();
  return nodes.map((node) => {
    const inputs = node.inputs.map((tensor) => shapes.get(tensor));
    const isKnown = inputs.length > 0 && inputs.every((shape) => shape && !shape.includes(null));
    const outputShape = isKnown && node.outputShape.includes(null)
      ? shapeAfter(node, inputs as Shape[], model)
      : node.outputShape;
    shapes.set(node.key, outputShape);
    return { ...node, outputShape };
  });
}

function shapeAfter(node: LayerNode, inputs: readonly Shape[], model: tf.LayersModel): Shape {
  if (node.className === "Reshape") {
    return fillTarget(node.config.target_shape as (number | null)[], inputs[0]);
  }
  const withBatch = inputs.map((shape) => [null, ...shape]);
  const made = model.getLayer(node.name)
    .computeOutputShape(withBatch.length === 1 ? withBatch[0] : withBatch);
  const [first] = Array.isArray(made[0]) ? made as tf.Shape[] : [made as tf.Shape];
  return first.slice(1);
}

/** The open size is written as −1 or null. */
function fillTarget(target: Shape, input: Shape): Shape {
  const product = (sizes: Shape) => sizes.reduce<number>((all, size) => all * size!, 1);
  const isFixed = (size: number | null) => size !== null && size >= 0;
  const rest = product(input) / product(target.filter(isFixed));
  return target.map((size) => isFixed(size) ? size : rest);
}
