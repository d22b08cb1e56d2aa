import * as tf from "@tensorflow/tfjs";
import type { LayerJson, LayersTopology } from "./model_file.ts";
import {
  OPERATION_CLASS,
  type OperationConfig,
  type OperationConstant,
  operationShape,
} from "./operation.ts";
import { runDifferentiably } from "./operation_gradients.ts";

/** Name of the node in its graph of one. */
const NODE = "operation";

/** Options of the layer in TensorFlow.js, which turns names and texts in options into its own spelling: here it finds none. */
interface PackedConfig {
  readonly name?: string;
  readonly trainable?: boolean;
  /** The operation as JSON, its bytes as hexadecimal digits. */
  readonly packed: string;
}

/**
 * Runs one operation of TensorFlow by the executor of graph models. It is differentiable where TensorFlow.js has a derivative
 * of the operation, or `runDifferentiably()` has.
 */
class OperationLayer extends tf.layers.Layer {
  static readonly className = OPERATION_CLASS;
  readonly #packed: string;
  readonly #config: OperationConfig;
  #graph?: tf.GraphModel<tf.io.IOHandlerSync>;

  constructor(config: PackedConfig) {
    super({ name: config.name, trainable: config.trainable });
    this.#packed = config.packed;
    this.#config = unpack(config.packed);
  }

  override getConfig(): tf.serialization.ConfigDict {
    return { ...super.getConfig(), packed: this.#packed };
  }

  override computeOutputShape(inputShape: tf.Shape | tf.Shape[]): tf.Shape {
    const shapes = (Array.isArray(inputShape[0]) ? inputShape : [inputShape]) as tf.Shape[];
    const inputs = shapes.map((shape) => shape.slice(1));
    return [shapes[0][0], ...operationShape(this.#config, inputs)];
  }

  /** TensorFlow.js casts what a layer makes to the element type that it was announced with, floats for any layer. */
  override apply(
    ...given: Parameters<tf.layers.Layer["apply"]>
  ): ReturnType<tf.layers.Layer["apply"]> {
    const made = super.apply(...given);
    if (made instanceof tf.SymbolicTensor) Object.assign(made, { dtype: this.#config.type });
    return made;
  }

  override call(inputs: tf.Tensor | tf.Tensor[]): tf.Tensor {
    const runTo = (output: number) => (given: readonly tf.Tensor[]) => this.#run(given, output);
    const run = runTo(this.#config.output);
    return tf.tidy(() => runDifferentiably(this.#config, [inputs].flat(), run, runTo));
  }

  #run(given: readonly tf.Tensor[], output: number): tf.Tensor {
    this.#graph ??= tf.loadGraphModelSync(graphOf(this.#config));
    const operands = this.#config.operands.map((operand) =>
      typeof operand === "number" ? given[operand] : toTensor(operand)
    );
    const named = operands.map((tensor, index) => [`${NODE}/${index}`, tensor]);
    return this.#graph.execute(Object.fromEntries(named), `${NODE}:${output}`) as tf.Tensor;
  }
}

/** A graph of the operation alone; constants come as inputs, so that the graph holds no tensors. */
function graphOf({ operator, attributes, operands }: OperationConfig): tf.io.ModelArtifacts {
  const names = operands.map((_, index) => `${NODE}/${index}`);
  const node = [
    ...names.map((name) => ({ name, op: "Placeholder", input: [], attr: {} })),
    { name: NODE, op: operator, input: names, attr: attributes },
  ];
  return {
    format: "graph-model",
    modelTopology: { node, library: {}, versions: {} },
    weightSpecs: [],
    weightData: new ArrayBuffer(0),
  };
}

function toTensor({ values, shape, type }: OperationConstant): tf.Tensor {
  return tf.tensor(values.map(Number), [...shape], type);
}

/** The topology with its operations as TensorFlow.js is to read them. */
export function packOperations(topology: LayersTopology): LayersTopology {
  const layers = topology.config.layers ?? [];
  const isOperation = (layer: LayerJson) => layer.class_name === OPERATION_CLASS;
  if (!layers.some(isOperation)) return topology;
  const packed = layers.map((layer) =>
    isOperation(layer) ? { ...layer, config: pack(layer.config) } : layer
  );
  return { ...topology, config: { ...topology.config, layers: packed } };
}

function pack(config: LayerJson["config"]): LayerJson["config"] {
  const bytes = new TextEncoder().encode(JSON.stringify(config));
  const packed = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return { name: config.name, trainable: config.trainable, packed };
}

function unpack(packed: string): OperationConfig {
  const bytes = Uint8Array.from(packed.match(/../g) ?? [], (digits) => parseInt(digits, 16));
  return JSON.parse(new TextDecoder().decode(bytes));
}

tf.serialization.registerClass(
  OperationLayer as unknown as tf.serialization.SerializableConstructor<OperationLayer>,
);
