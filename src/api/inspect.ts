import { availableParallelism } from "node:os";
import type { DatasetPlace } from "../data/mod.ts";
import { layerCost, networkCost } from "../cost/mod.ts";
import { estimateRun, type RunEstimate } from "../pruning/mod.ts";
import {
  type ChannelSpace,
  type CutMode,
  findChannelSpaces,
  type LayerGraph,
  listReaders,
  openNetwork,
  type ReaderPlace,
  type SharedMode,
  spacesOfTensor,
} from "../graph/mod.ts";
import { startBackend } from "../kernels/mod.ts";
import { InputError } from "../base/mod.ts";
import { disposeModel, findInputs, type ModelFile } from "../model/mod.ts";
import {
  type CountedFor,
  fixOpenSizes,
  fixSizesByData,
  resolveSizedModel,
} from "../session/mod.ts";

/** One layer as {@link inspect} sees it. */
export interface LayerDescription {
  /** Name of the layer. */
  readonly name: string;
  /** Its class, such as `Conv2D`. */
  readonly className: string;
  /** Shape of its output without the batch, such as height × width × channels; null where it is not fixed. */
  readonly outputShape: readonly (number | null)[];
  /** Multiply–accumulates for one image. */
  readonly macs: number;
  /** Number of weights, moving statistics included. */
  readonly params: number;
  /** Numbers of the channel spaces that the channels of its output belong to. */
  readonly spaces: readonly number[];
  /** Place in the ratio list; convolutions only. */
  readonly place?: number;
  /** Input channels; convolutions and Dense layers only. */
  readonly channels?: number;
  /** How its input channels can be cut; convolutions and Dense layers only. */
  readonly mode?: CutMode;
  /** Why they cannot be cut, or why nothing is known of the layer. */
  readonly reason?: string;
}

/** What a model is made of. */
export interface InspectReport {
  /** Name of the model. */
  readonly name: string;
  /** Shape of its first input without the batch; null where it is not fixed. */
  readonly inputShape: readonly (number | null)[];
  /** All its inputs, in order. */
  readonly inputs: readonly { readonly name: string; readonly shape: readonly (number | null)[] }[];
  /** Its layers, in graph order. */
  readonly layers: readonly LayerDescription[];
  /** Its channel spaces. */
  readonly spaces: readonly ChannelSpace[];
  /** Multiply–accumulates for one image; see `countedFor` and `isPerPosition` where its size is open. */
  readonly macs: number;
  /** Of these, those of all but Dense layers. */
  readonly convMacs: number;
  /**
   * What multiply–accumulates and shapes of layers are for, where the model leaves sizes of its inputs open; absent where it
   * fixes them.
   */
  readonly countedFor?: CountedFor;
  /** Set where sizes stay open, and count as one: no size that is tried fits the model. */
  readonly isPerPosition?: true;
  /** Number of weights, moving statistics included. */
  readonly params: number;
  /** Nodes behind the layers that no layer can stand for, which stay as they are; absent where there are none. */
  readonly tail?: readonly { readonly name: string; readonly operator: string }[];
  /** Bytes on disk; 0 for a model that was never there. */
  readonly bytes: number;
  /** What pruning it by a budget takes, about; absent where sizes stay open. */
  readonly estimate?: RunEstimate;
}

/** Images that a run is estimated for where nobody says. */
const ESTIMATED_IMAGES = 500;

/** Options of {@link inspect}. */
export interface InspectOptions {
  /** A model.json, the folder it is in, or a model already read. */
  readonly model: string | ModelFile;
  /** What would happen to channels that several layers read. Default `select`. */
  readonly shared?: SharedMode;
  /** Height and width in pixels, for models that leave them open. Default: what its metadata say, else that of `data`. */
  readonly inputSize?: readonly [number, number];
  /** A data set whose images have the size that nothing else says. Without it, or where they differ: 224 × 224. */
  readonly data?: DatasetPlace;
  /** Calibration images that the estimate is for. Default 500. */
  readonly images?: number;
  /** Threads that it is for. Default: one for every core. */
  readonly workers?: number;
}

/**
 * Describes a model: its layers, what they cost, its channel spaces and what can be cut.
 *
 * @param options The model.
 * @returns The description; layers in graph order, convolutions with their place in the ratio list.
 * @throws {InputError} When the model cannot be read.
 *
 * @example List the layers whose channels nothing else reads
 * ```ts
 * import { inspect } from "secateur";
 * import assert from "node:assert/strict";
 *
 * const { macs, layers } = await inspect({ model: "cli/example/resnet8-fashion-mnist" });
 * assert.equal(macs, 9_546_624);
 * const alone = layers.filter(({ mode }) => mode === "private");
 * assert.deepEqual(alone.map(({ name, channels }) => [name, channels]), [
 *   ["stage1_block1_conv2", 16],
 *   ["stage2_block1_conv2", 32],
 *   ["stage3_block1_conv2", 64],
 *   ["dense", 64],
 * ]);
 * ```
 */
export async function inspect(options: InspectOptions): Promise<InspectReport> {
  await startBackend();
  const { file, graph, inputs, ...counted } = await openSized(options);
  const map = findChannelSpaces(graph);
  const places = new Map<string, ReaderPlace>(
    listReaders(graph, map, options.shared ?? "select").map((place) => [place.key, place]),
  );
  const layers = graph.nodes.map((node): LayerDescription => {
    const rule = map.rules.get(node.key)!;
    const opaque = rule.kind === "opaque" ? rule.reason : undefined;
    const { place, channels, mode, reason = opaque } = places.get(node.name) ?? {};
    return {
      name: node.key,
      className: node.className,
      outputShape: node.outputShape,
      ...layerCost(node),
      spaces: spacesOfTensor(map, node.key).map(({ id }) => id),
      place,
      channels,
      mode,
      reason,
    };
  });
  return {
    name: graph.name,
    inputShape: inputs[0].shape,
    inputs,
    layers,
    spaces: map.spaces,
    ...networkCost(graph),
    ...counted,
    ...describeTail(file),
    bytes: file.bytes,
    ...(counted.isPerPosition !== true && {
      estimate: estimateRun({ graph, map }, {
        images: options.images ?? ESTIMATED_IMAGES,
        threads: options.workers ?? availableParallelism(),
      }),
    }),
  };
}

/** The nodes of a tail, without its constants. */
function describeTail({ frame }: ModelFile): Pick<InspectReport, "tail"> {
  const nodes = frame?.tail?.nodes ?? [];
  return nodes.length === 0
    ? {}
    : { tail: nodes.map(({ name, operator }) => ({ name, operator })) };
}

/** A network that is looked at. */
interface OpenedSize extends Pick<InspectReport, "inputs" | "countedFor" | "isPerPosition"> {
  readonly file: ModelFile;
  readonly graph: LayerGraph;
}

/** What sizes are taken for that nobody says: the usual one, then others for networks that it does not fit. */
const ASSUMED_EXTENTS = [224, 256, 640, 32];

/** Opens a network at the size of its images, or at one that fits it; its inputs are as it states them, or was told. */
async function openSized({ model, inputSize, data }: InspectOptions): Promise<OpenedSize> {
  const { file, original, isOpen, countedFor } = await resolveSizedModel(model, { inputSize });
  const asStated = (opened: OpenedSize) => ({
    ...opened,
    file,
    inputs: statedInputs(original, opened.inputs),
  });
  if (!isOpen) {
    const opened = await openAs(file, countedFor);
    return countedFor?.source === "metadata" ? asStated(opened) : opened;
  }
  if (data) {
    const fixed = await fixSizesByData(file, data);
    if (!fixed.isOpen) return asStated(await openAs(fixed.file, fixed.countedFor));
  }
  for (const extent of ASSUMED_EXTENTS) {
    const assumed = await fixOpenSizes(file, [extent, extent], "assumed");
    if (assumed.isOpen) break;
    try {
      return asStated(await openAs(assumed.file, assumed.countedFor));
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
    }
  }
  return { ...await openAs(file), isPerPosition: true };
}

async function openAs(file: ModelFile, countedFor?: CountedFor): Promise<OpenedSize> {
  const { model, graph } = await openNetwork(file);
  const declared = findInputs(file.topology);
  const inputs = model.inputs.map(({ name, shape }, index) => ({
    name: declared[index]?.name ?? name,
    shape: shape.slice(1),
  }));
  disposeModel(model);
  return { file, graph, inputs, ...(countedFor && { countedFor }) };
}

/** Inputs with the extents that a model states itself. */
function statedInputs(
  { topology }: ModelFile,
  sized: InspectReport["inputs"],
): InspectReport["inputs"] {
  const stated = findInputs(topology);
  return sized.map(({ name, shape }, index) => ({
    name,
    shape: stated[index]?.shape?.slice(1) ?? shape,
  }));
}
