import { layerCost, networkCost } from "../cost/mod.ts";
import {
  type ChannelSpace,
  type ConvolutionPlace,
  type CutMode,
  findChannelSpaces,
  listConvolutions,
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
  /** Its class. */
  readonly className: string;
  /** Shape of its output, without the batch. */
  readonly outputShape: readonly (number | null)[];
  /** Multiply–accumulates for one image. */
  readonly macs: number;
  /** Weights. */
  readonly params: number;
  /** Channel spaces of its output. */
  readonly spaces: readonly number[];
  /** Place in the ratio list; convolutions only. */
  readonly place?: number;
  /** Input channels; convolutions only. */
  readonly channels?: number;
  /** How its input channels can be cut; convolutions only. */
  readonly mode?: CutMode;
  /** Why they cannot, or why a layer is not looked into. */
  readonly reason?: string;
}

/** What a model is made of. */
export interface InspectReport {
  /** Name of the model. */
  readonly name: string;
  /** Shape of its first input, without the batch. */
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
  /** Weights. */
  readonly params: number;
  /** Bytes on disk. */
  readonly bytes: number;
}

/** Options of {@link inspect}. */
export interface InspectOptions {
  /** A model.json, the folder it is in, or a model already read. */
  readonly model: string | ModelFile;
  /** What would happen to channels that several layers read. Default `select`. */
  readonly shared?: SharedMode;
  /** Height and width, for models that leave them open. */
  readonly inputSize?: readonly [number, number];
}

/**
 * Describes a model: its layers, what they cost, its channel spaces and what can be cut.
 *
 * @param options The model.
 * @returns The description; layers in graph order, convolutions with their place in the ratio list.
 * @throws {InputError} When the model cannot be read.
 */
export async function inspect(options: InspectOptions): Promise<InspectReport> {
  const file = await resolveModel(options.model, options);
  await startBackend();
  const { model, graph } = await openNetwork(file);
  const inputs = model.inputs.map(({ name, shape }) => ({ name, shape: shape.slice(1) }));
  disposeModel(model);
  const map = findChannelSpaces(graph);
  const places = new Map<string, ConvolutionPlace>(
    listConvolutions(graph, map, options.shared ?? "select").map((place) => [place.key, place]),
  );
  const layers = graph.nodes.map((node): LayerDescription => {
    const rule = map.rules.get(node.key)!;
    const opaque = rule.kind === "opaque" ? rule.reason : undefined;
    const { place, channels, mode, reason = opaque } = places.get(node.key) ?? {};
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
