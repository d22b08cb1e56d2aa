import type { Notice } from "../base/mod.ts";
import type { ModelFrame } from "./model_frame.ts";
import type { Weight } from "./weight.ts";

export type { Weight, WeightType } from "./weight.ts";

/** Storage type of quantized weights. */
export type QuantizedType = "uint8" | "uint16" | "float16";

/** Configuration of a layer: what every layer may have, and whatever its class adds. */
export interface LayerConfig {
  /** Name of the layer. */
  name?: string;
  /** Shape of a batch of inputs, `null` where it is open; on input layers and on a Sequential model's first layer. */
  batch_input_shape?: (number | null)[];
  /** Layers of a nested or whole model. */
  layers?: LayerJson[];
  /** Inputs of a functional model: layer name, node index, tensor index. */
  input_layers?: unknown[];
  /** Outputs of a functional model: layer name, node index, tensor index. */
  output_layers?: unknown[];
  /** Everything else the layer's class knows. */
  [option: string]: unknown;
}

/** A layer as a topology lists it. */
export interface LayerJson {
  /** Name of the layer inside a functional model. */
  name?: string;
  /** Keras class, such as `Conv2D`. */
  class_name: string;
  /** Its options. */
  config: LayerConfig;
  /** Calls of the layer in a functional model: for each, its inputs as [layer, node, tensor, arguments]. */
  inbound_nodes?: unknown[];
}

/**
 * The graph of a layers model in the form tfjs writes: `Sequential`, or `Model`/`Functional` with a list of layers.
 *
 * The form of Keras' converter (`{ keras_version, backend, model_config }`) is unwrapped to this one when read.
 */
export interface LayersTopology extends LayerJson {
  /** Version of Keras, or of tfjs-layers, that wrote it. */
  keras_version?: string;
  /** Backend that wrote it. */
  backend?: string;
}

/** A tfjs layers model as it stands on disk: graph, weights and what came with them. */
export interface ModelFile {
  /** The layer graph. */
  topology: LayersTopology;
  /** Every weight by name, in manifest order. */
  weights: Map<string, Weight>;
  /** `userDefinedMetadata` of model.json. */
  metadata?: Record<string, unknown>;
  /** `trainingConfig` of model.json: loss, optimizer and metrics it was compiled with. */
  trainingConfig?: unknown;
  /** What its kernels are stored as where that is fewer bytes than float32; a model made of it is written so too. */
  quantized?: QuantizedType;
  /** What the file of a graph has around these layers. */
  frame?: ModelFrame;
  /** Bytes of model.json and its shards together; 0 for a model that was never on disk. */
  bytes: number;
  /** What is to be said of files beside it that name its classes differently. */
  classNotices?: readonly Notice[];
  /** Path of model.json, or what stands for it in messages. */
  path: string;
}
