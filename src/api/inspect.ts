import { layerCost, networkCost } from "../cost/mod.ts";
import {
  type ChannelSpace,
  type ConvolutionPlace,
  type CutMode,
  findChannelSpaces,
  listReaders,
  openNetwork,
  type SharedMode,
  spacesOfTensor,
} from "../graph/mod.ts";
import { startBackend } from "../kernels/mod.ts";
import { disposeModel, type ModelFile } from "../model/mod.ts";
import { resolveModel } from "../session/mod.ts";

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
  /** Input channels; convolutions only. */
  readonly channels?: number;
  /** How its input channels can be cut; convolutions only. */
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
  /** Multiply–accumulates for one image. */
  readonly macs: number;
  /** Of these, those of all but Dense layers. */
  readonly convMacs: number;
  /** Number of weights, moving statistics included. */
  readonly params: number;
  /** Bytes on disk; 0 for a model that was never there. */
  readonly bytes: number;
}

/** Options of {@link inspect}. */
export interface InspectOptions {
  /** A model.json, the folder it is in, or a model already read. */
  readonly model: string | ModelFile;
  /** What would happen to channels that several layers read. Default `select`. */
  readonly shared?: SharedMode;
  /** Height and width in pixels, for models that leave them open. */
  readonly inputSize?: readonly [number, number];
}

/**
 * Describes a model: its layers, what they cost, its channel spaces and what can be cut.
 *
 * @param options The model.
 * @returns The description; layers in graph order, convolutions with their place in the ratio list.
 * @throws {InputError} When the model cannot be read.
 *
 * @example List the convolutions that can be cut
 * ```ts
 * import { inspect } from "@secateur/secateur";
 * import assert from "node:assert/strict";
 *
 * const { macs, layers } = await inspect({ model: "cli/example/resnet8-fashion-mnist" });
 * assert.equal(macs, 9_546_624);
 * const alone = layers.filter(({ mode }) => mode === "private");
 * assert.deepEqual(alone.map(({ name, channels }) => [name, channels]), [
 *   ["stage1_block1_conv2", 16],
 *   ["stage2_block1_conv2", 32],
 * ]);
 * ```
 */
export async function inspect(options: InspectOptions): Promise<InspectReport> {
  const file = await resolveModel(options.model, options);
  await startBackend();
  const { model, graph } = await openNetwork(file);
  const inputs = model.inputs.map(({ name, shape }) => ({ name, shape: shape.slice(1) }));
  disposeModel(model);
  const map = findChannelSpaces(graph);
  const places = new Map<string, ConvolutionPlace>(
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
    bytes: file.bytes,
  };
}
