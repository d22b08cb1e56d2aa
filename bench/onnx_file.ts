/**
 * Networks as ONNX files, for the runtimes of forward_bench.ts: as many layers as the networks of `train` have, written
 * as they are; the runtimes fold BatchNormalization themselves. Images are N × C × H × W.
 *
 * Field numbers are those of https://github.com/onnx/onnx/blob/main/onnx/onnx.proto.
 *
 * @module
 */
import { activationOf, type LayerGraph, type LayerNode, pairOf } from "../src/graph/mod.ts";
import type { Weight } from "../src/model/mod.ts";
import { content, float, integer, join } from "./protobuf.ts";

const IR_VERSION = 8, OPSET = 13;
const FLOAT = 1, ATTRIBUTE_FLOAT = 1, ATTRIBUTE_INT = 2, ATTRIBUTE_INTS = 7;

/** A number with a point, an integer, or a list of integers. */
type Attribute = { float: number } | number | readonly number[];

/**
 * Writes a network.
 *
 * @param graph The network; its image size is fixed.
 * @param batch Images of every run.
 * @returns The file.
 * @throws {TypeError} When there is a layer that is not known here.
 */
export function encodeOnnx(graph: LayerGraph, batch: number): Uint8Array {
  return new OnnxWriter(graph, batch).encode();
}

class OnnxWriter {
  readonly #graph: LayerGraph;
  readonly #batch: number;
  readonly #nodes: Uint8Array[] = [];
  readonly #initializers: Uint8Array[] = [];

  constructor(graph: LayerGraph, batch: number) {
    this.#graph = graph;
    this.#batch = batch;
  }

  encode(): Uint8Array {
    for (const node of this.#graph.nodes) this.#addLayer(node);
    const [input, output] = [this.#find(this.#graph.inputs[0]), this.#find(this.#graph.outputs[0])];
    const [height, width, channels] = input.outputShape as number[];
    const graph = join(
      ...this.#nodes.map((node) => content(1, node)),
      content(2, this.#graph.name),
      ...this.#initializers.map((tensor) => content(5, tensor)),
      content(11, describeTensor(input.key, [this.#batch, channels, height, width])),
      content(12, describeTensor(output.key, [this.#batch, ...output.outputShape as number[]])),
    );
    return join(
      integer(1, IR_VERSION),
      content(2, "secateur"),
      content(7, graph),
      content(8, join(content(1, ""), integer(2, OPSET))),
    );
  }

  #find(key: string): LayerNode {
    return this.#graph.nodes.find((node) => node.key === key)!;
  }

  #addLayer(node: LayerNode): void {
    const { key, className, config, inputs } = node;
    switch (className) {
      case "InputLayer":
        return;
      case "Conv2D":
      case "DepthwiseConv2D":
        return this.#addConvolution(node);
      case "BatchNormalization": {
        const roles = ["gamma", "beta", "moving_mean", "moving_variance"];
        const epsilon = { float: Number(config.epsilon ?? 1e-3) };
        const operands = [inputs[0], ...roles.map((role) => this.#addWeight(node, role))];
        return this.#add("BatchNormalization", operands, key, { epsilon });
      }
      case "Activation":
      case "ReLU":
        return this.#addActivation(node, inputs[0]);
      case "Add":
        return this.#add("Add", inputs, key);
      case "GlobalAveragePooling2D":
        this.#add("GlobalAveragePool", inputs, `${key}/maps`);
        return this.#add("Flatten", [`${key}/maps`], key);
      case "Dense": {
        const operands = ["kernel", "bias"].filter((role) => node.weights.has(role))
          .map((role) => this.#addWeight(node, role));
        this.#add("Gemm", [inputs[0], ...operands], `${key}/linear`);
        return this.#addActivation(node, `${key}/linear`);
      }
      default:
        throw new TypeError(`writing ONNX: found a ${className} layer (${node.name})`);
    }
  }

  #addConvolution(node: LayerNode): void {
    const { key, config, inputs } = node;
    const isDepthwise = node.className === "DepthwiseConv2D";
    const role = isDepthwise ? "depthwise_kernel" : "kernel";
    const { shape, values } = node.weights.get(role)!;
    const strides = pairOf(config.strides, 1), dilations = pairOf(config.dilation_rate, 1);
    const sizes = this.#find(inputs[0]).outputShape as number[];
    const pads = [0, 1].map((axis) => {
      if (config.padding !== "same") return [0, 0];
      const extent = (shape[axis] - 1) * dilations[axis] + 1;
      const span = (Math.ceil(sizes[axis] / strides[axis]) - 1) * strides[axis] + extent;
      const total = Math.max(0, span - sizes[axis]);
      return [Math.floor(total / 2), Math.ceil(total / 2)];
    });
    const kernel = { name: `${key}/kernel`, ...transposeKernel(shape, values, isDepthwise) };
    this.#initializers.push(encodeTensor(kernel.name, kernel.shape, kernel.values));
    const operands = [inputs[0], kernel.name];
    if (node.weights.has("bias")) operands.push(this.#addWeight(node, "bias"));
    this.#add("Conv", operands, `${key}/linear`, {
      ...{ kernel_shape: shape.slice(0, 2), strides, dilations },
      pads: [pads[0][0], pads[1][0], pads[0][1], pads[1][1]],
      group: isDepthwise ? shape[2] : 1,
    });
    this.#addActivation(node, `${key}/linear`);
  }

  #addActivation(node: LayerNode, input: string): void {
    const activation = node.className === "ReLU" ? "relu" : activationOf(node);
    if (activation === "relu6" || node.className === "ReLU" && node.config.max_value != null) {
      const bounds = [0, Number(node.config.max_value ?? 6)].map((bound, at) => {
        const name = `${node.key}/bound${at}`;
        this.#initializers.push(encodeTensor(name, [], Float32Array.of(bound)));
        return name;
      });
      return this.#add("Clip", [input, ...bounds], node.key);
    }
    const operators: Record<string, string> = {
      ...{ linear: "Identity", relu: "Relu", softmax: "Softmax" },
    };
    if (!(activation in operators)) {
      throw new TypeError(`writing ONNX: found activation ${activation} (${node.name})`);
    }
    this.#add(operators[activation], [input], node.key);
  }

  #addWeight(node: LayerNode, role: string): string {
    const name = `${node.key}/${role}`;
    const channels = node.outputShape.at(-1)!;
    const missing = new Float32Array(channels).fill(role === "gamma" ? 1 : 0);
    const { shape, values } = node.weights.get(role) ?? { shape: [channels], values: missing };
    this.#initializers.push(encodeTensor(name, shape, values as Float32Array));
    return name;
  }

  #add(
    operator: string,
    inputs: readonly string[],
    output: string,
    attributes: Record<string, Attribute> = {},
  ): void {
    this.#nodes.push(join(
      ...inputs.map((name) => content(1, name)),
      content(2, output),
      content(3, output),
      content(4, operator),
      ...Object.entries(attributes).map(([name, value]) =>
        content(5, encodeAttribute(name, value))
      ),
    ));
  }
}

/** HWIO to OIHW; a depthwise kernel H × W × C × M to C·M × 1 × H × W. */
function transposeKernel(
  [height, width, channels, outputs]: readonly number[],
  values: Weight["values"],
  isDepthwise: boolean,
): { shape: number[]; values: Float32Array } {
  const shape = isDepthwise
    ? [channels * outputs, 1, height, width]
    : [outputs, channels, height, width];
  const transposed = new Float32Array(values.length);
  const taps = height * width;
  for (let tap = 0; tap < taps; tap++) {
    for (let c = 0; c < channels; c++) {
      for (let o = 0; o < outputs; o++) {
        const filter = isDepthwise ? c * outputs + o : o * channels + c;
        transposed[filter * taps + tap] = values[(tap * channels + c) * outputs + o];
      }
    }
  }
  return { shape, values: transposed };
}

function encodeTensor(name: string, shape: readonly number[], values: Float32Array): Uint8Array {
  const raw = new Uint8Array(values.slice().buffer);
  const extents = shape.map((extent) => integer(1, extent));
  return join(...extents, integer(2, FLOAT), content(8, name), content(9, raw));
}

function describeTensor(name: string, shape: readonly number[]): Uint8Array {
  const extents = join(...shape.map((extent) => content(1, integer(1, extent))));
  const type = join(integer(1, FLOAT), content(2, extents));
  return join(content(1, name), content(2, content(1, type)));
}

function encodeAttribute(name: string, value: Attribute): Uint8Array {
  if (typeof value === "number") {
    return join(content(1, name), integer(3, value), integer(20, ATTRIBUTE_INT));
  }
  if ("float" in value) {
    return join(content(1, name), float(2, value.float), integer(20, ATTRIBUTE_FLOAT));
  }
  const items = value.map((item) => integer(8, item));
  return join(content(1, name), ...items, integer(20, ATTRIBUTE_INTS));
}
