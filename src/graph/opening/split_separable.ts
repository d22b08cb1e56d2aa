import type { Weight } from "../../model/mod.ts";
import type { LayerGraph, LayerNode } from "../layer_graph.ts";
import { pairOf } from "../options.ts";

/**
 * Writes every SeparableConv2D as what it is, a DepthwiseConv2D and a 1×1 Conv2D behind it, so that its pointwise
 * kernel can be cut and repaired like any other. The outputs are the same.
 *
 * @param graph The model.
 * @returns The model without SeparableConv2D; layers that are called several times stay as they are, and dilated ones, for
 * a DepthwiseConv2D of TensorFlow.js is never dilated.
 */
export function splitSeparable(graph: LayerGraph): LayerGraph {
  const nodes = graph.nodes.flatMap((node) =>
    node.className === "SeparableConv2D" && node.calls === 1 && !isDilated(node)
      ? splitLayer(node)
      : [node]
  );
  return { ...graph, nodes };
}

function isDilated({ config }: LayerNode): boolean {
  return pairOf(config.dilation_rate, 1).some((step) => step > 1);
}

function splitLayer(node: LayerNode): LayerNode[] {
  const { config, name } = node;
  const depthwiseKernel = node.weights.get("depthwise_kernel")!;
  const pointwiseKernel = node.weights.get("pointwise_kernel")!;
  const depthwiseName = `${name}_depthwise`;
  const spatial = {
    kernel_size: config.kernel_size,
    strides: config.strides,
    padding: config.padding,
    data_format: config.data_format,
    dilation_rate: config.dilation_rate,
  };
  const depthwise: LayerNode = {
    key: depthwiseName,
    name: depthwiseName,
    className: "DepthwiseConv2D",
    config: {
      ...spatial,
      name: depthwiseName,
      trainable: config.trainable,
      ...(config.batch_input_shape ? { batch_input_shape: config.batch_input_shape } : {}),
      depth_multiplier: depthwiseKernel.shape[3],
      activation: "linear",
      use_bias: false,
    },
    inputs: node.inputs,
    callArguments: node.callArguments,
    weights: new Map([["depthwise_kernel", depthwiseKernel]]),
    outputShape: node.outputShape.with(-1, pointwiseKernel.shape[2]),
    calls: 1,
  };
  const weights = new Map<string, Weight>([["kernel", pointwiseKernel]]);
  const bias = node.weights.get("bias");
  if (bias) weights.set("bias", bias);
  const pointwise: LayerNode = {
    ...node,
    className: "Conv2D",
    config: {
      name,
      trainable: config.trainable,
      filters: config.filters,
      kernel_size: [1, 1],
      strides: [1, 1],
      padding: "valid",
      data_format: config.data_format,
      dilation_rate: [1, 1],
      activation: config.activation,
      use_bias: config.use_bias,
    },
    inputs: [depthwiseName],
    callArguments: [{}],
    weights,
  };
  return [depthwise, pointwise];
}
