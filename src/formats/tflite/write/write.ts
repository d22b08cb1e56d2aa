import project from "../../../../deno.json" with { type: "json" };
import { InputError, option } from "../../../base/mod.ts";
import {
  frameIn,
  type ModelFile,
  type ModelFrame,
  OPERATION_CLASS,
  requireFiniteWeights,
} from "../../../model/mod.ts";
import {
  expandLayers,
  findWriter,
  inputShapeOf,
  type LayerCall,
  writeCalls,
  writeMetadata,
} from "../../export/mod.ts";
import { METADATA_NAME } from "../model.ts";
import { describeModel, LABELS_FILE } from "./describe_model.ts";
import { decodeTflite } from "../read/decode.ts";
import { addFrame } from "./add_frame.ts";
import { encodeTflite } from "./encode.ts";
import { fuseLayers } from "./fuse_layers.ts";
import { GraphWriter, type KernelType, type WrittenTensor } from "./graph_writer.ts";
import { activationLayers } from "./layers/activations.ts";
import { weightedLayers } from "./layers/convolution.ts";
import { joiningLayers } from "./layers/joining.ts";
import type { LayerWriter } from "./layers/layer_writer.ts";
import { mapLayers } from "./layers/maps.ts";
import { writeOperation } from "./layers/operation.ts";
import { packFiles } from "./pack_files.ts";

/** How a model is written. */
export interface TfliteOptions {
  /**
   * What kernels are stored as. `float16` are widened when the model is loaded; `int8`, one scale for every channel of the
   * output, are used as they are with inputs that are rounded on the way (dynamic range), but for transposed convolutions,
   * which stay float32. Default: float32.
   */
  readonly kernels?: KernelType;
  /** Images that go through at once; null leaves it open, which LiteRT.js does not take. Default: 1. */
  readonly batch?: number | null;
}

const LAYER_WRITERS: Readonly<Record<string, LayerWriter>> = {
  ...activationLayers,
  ...joiningLayers,
  ...mapLayers,
  ...weightedLayers,
  [OPERATION_CLASS]: writeOperation,
};

/**
 * Writes a network as TensorFlow Lite: N × H × W × C, BatchNormalization folded into the kernels, ReLU and ReLU6 fused to
 * convolutions, matrix products and sums. Tensors have the names of the layers.
 *
 * Preprocessing and classes go into the file's metadata: as JSON, and as programs for TensorFlow Lite read them, class names
 * as a file that is packed into the model's. What only training needs is left out.
 *
 * @param file The model.
 * @param options What kernels are stored as, and the batch.
 * @returns The file.
 * @throws {InputError} When a weight is no finite number, or a layer has no counterpart; the message names it.
 */
export function writeTflite(file: ModelFile, options: TfliteOptions = {}): Uint8Array {
  const { kernels = "float32" } = options;
  const frame = frameIn(file, "tflite");
  const batch = chooseBatch(file.path, frame, options.batch);
  requireFiniteWeights(file, `writing ${file.path}`);
  const model = fuseLayers(expandLayers(file, "TensorFlow Lite"));
  const { inputs, outputs } = model;
  const graph = new GraphWriter(file.path, kernels, batch);
  const tensorOf = writeCalls<WrittenTensor>(model, (call, read) => writeLayer(graph, call, read));
  const find = (list: readonly LayerCall[]) =>
    new Map(list.map((call) => [call.name, tensorOf(call)]));
  const name = String(file.topology.config.name ?? "model");
  const { metadata, labels } = describeModel(file, {
    name,
    inputs: inputs.map((call) => call.name),
    outputs: outputs.map((call) => ({ name: call.name, shape: tensorOf(call).shape })),
  });
  const layers = graph.finish({
    name,
    producer: `secateur ${project.version}`,
    inputs: find(inputs),
    outputs: find(outputs),
    metadata: new Map<string, string | Uint8Array>([
      ...writeMetadata(file.metadata),
      [METADATA_NAME, metadata],
    ]),
  });
  const content = frame?.tail?.content;
  const whole = frame && content?.kind === "file"
    ? addFrame(
      layers,
      outputs.map((call) => tensorOf(call).index),
      frame,
      decodeTflite(content.bytes, file.path),
    )
    : layers;
  const bytes = encodeTflite(whole);
  if (labels === undefined) return bytes;
  return packFiles(bytes, { [LABELS_FILE]: new TextEncoder().encode(labels) });
}

/** The batch: a tail is for as many images at once as the file that it came from. */
function chooseBatch(path: string, frame?: ModelFrame, wanted?: number | null): number | null {
  if (frame === undefined) return wanted === undefined ? 1 : wanted;
  const [first] = frame.inputs.map(({ shape: [batch] }) => batch);
  const own = typeof first === "number" ? first : null;
  if (wanted === undefined || wanted === own || frame.tail!.nodes.length === 0) return own;
  throw new InputError([
    `writing ${path} as TensorFlow Lite: found `,
    option("batch"),
    ` ${wanted ?? "open"}, wanted ${
      own ?? "open"
    }, as what is kept behind the layers has it; leave `,
    option("batch"),
    " out",
  ]);
}

function writeLayer(
  graph: GraphWriter,
  call: LayerCall,
  inputs: readonly WrittenTensor[],
): WrittenTensor {
  if (call.className === "InputLayer") {
    const shape = inputShapeOf(graph, call, (axes) => axes >= 1 && axes <= 4);
    return graph.addTensor(call.name, shape);
  }
  return findWriter(graph, call, LAYER_WRITERS)(graph, call, inputs);
}
