import { findTail, type FoundLayer, type FoundTail, NodeRefusal } from "../../import/mod.ts";
import type { FrameForm, FrameInput, ModelFrame } from "../../../model/mod.ts";
import type { GraphValues, NodeOutput } from "../../graph_model/mod.ts";
import {
  TENSOR_TYPES,
  type TfliteBuffer,
  type TfliteModel,
  type TfliteOperator,
  type TfliteTensor,
} from "../model.ts";
import { encodeTflite } from "../write/encode.ts";
import { findBytes } from "./constants.ts";

/** Operations with kernels, which pruning is about. */
const KERNEL = /CONV|FULLY_CONNECTED|LSTM|RNN|^custom Convolution/;

/** What the tail is taken from. */
export interface TailSource {
  readonly model: TfliteModel;
  /** The file. */
  readonly bytes: Uint8Array;
  readonly path: string;
  /** What stands for every tensor in TensorFlow. */
  readonly sources: ReadonlyMap<number, NodeOutput>;
  /** Name of the operation at a place of the operator codes. */
  nameOperator(code: number): string;
}

/** What a file gives when its tail is left out. */
export interface SeparatedTail {
  /** Layers whose tensors are outputs, or go into the tail. */
  readonly layers: readonly string[];
  readonly frame: ModelFrame;
}

/** Whether a tensor holds floats, or integers that stand for them. */
export function standsForFloats({ type = 0, quantization }: TfliteTensor): boolean {
  if (type === TENSOR_TYPES.float32) return true;
  const { int8, uint8, int16 } = TENSOR_TYPES;
  return [int8, uint8, int16].includes(type as never) && quantization?.scale?.length === 1;
}

/**
 * Takes the nodes that are no layers, and all behind them, out of a file as its tail.
 *
 * @param source The file.
 * @param values What is known of its tensors.
 * @returns Outputs and tail; undefined where it would hold something with a kernel, or all that has one.
 * @throws {NodeRefusal} When the tail has options of which nothing is known here.
 */
export function separateTail(source: TailSource, values: GraphValues): SeparatedTail | undefined {
  const { model: { subgraphs }, sources, nameOperator } = source;
  const [{ tensors = [], inputs = [], outputs = [], operators = [] }] = subgraphs!;
  const makers = new Map(
    operators.flatMap((node) => (node.outputs ?? []).map((index) => [index, node] as const)),
  );
  const layerAt = (index: number) => {
    const at = sources.get(index);
    const value = at && values.find(at);
    return value?.kind === "feature" ? value : undefined;
  };
  const entries = new Set(inputs.map((index) => layerAt(index)?.layer));
  const found = findTail(outputs, {
    nameOf: String,
    makerOf: (index) => makers.get(index),
    inputsOf: ({ inputs: read = [] }) => read.filter((index) => index !== -1),
    findLayer: (index): FoundLayer | undefined => {
      const value = layerAt(index);
      const isFloats = value && !value.type && !value.isSingle && !value.isInteger;
      if (!isFloats || entries.has(value.layer) || !standsForFloats(tensors[index])) {
        return undefined;
      }
      return { layer: value.layer, form: formOf(tensors[index]) };
    },
  });
  const hasKernel = ({ code = 0 }: TfliteOperator) => KERNEL.test(nameOperator(code));
  const inLayers = operators.some((node) => !found.nodes.has(node) && hasKernel(node));
  if (!inLayers || found.nodes.values().some(hasKernel)) return undefined;
  return { layers: found.layers, frame: describeFrame(found, source) };
}

function formOf({ type = 0, shape = [], signature = shape }: TfliteTensor): FrameForm {
  return { type: nameOfType(type), shape: signature.map((extent) => extent < 0 ? null : extent) };
}

/** Name of an element type; its number where it has none here. */
export function nameOfType(type: number): string {
  return Object.entries(TENSOR_TYPES).find(([, other]) => other === type)?.[0] ?? String(type);
}

function describeFrame(
  found: FoundTail<number, TfliteOperator>,
  source: TailSource,
): ModelFrame {
  const { model: { subgraphs }, nameOperator } = source;
  const [{ tensors = [], inputs = [], outputs = [], operators = [] }] = subgraphs!;
  const kept = operators.filter((node) => found.nodes.has(node));
  const nameOf = (index: number) => tensors[index].name || `tensor${index}`;
  return {
    format: "tflite",
    inputs: inputs.map((index, place): FrameInput => {
      const { type, shape = [] } = formOf(tensors[index]);
      return { key: nameOf(index), name: nameOf(index), type, shape, place };
    }),
    outputs: outputs.map((index, at) => {
      const [place, form] = [found.places[at], found.forms[at]];
      const named = { key: nameOf(index), name: nameOf(index) };
      return place === undefined ? named : { ...named, place, form };
    }),
    tail: {
      nodes: kept.map(({ code = 0, outputs: [made] = [] }) => ({
        name: nameOf(made),
        operator: nameOperator(code),
      })),
      inputs: found.inputs.map((input) => ({ ...input, name: nameOf(Number(input.name)) })),
      content: { kind: "file", bytes: encodeTail(kept, found, source) },
    },
  };
}

/** The tail as a file of its own: what goes into the network, and then what it reads of the layers, are its inputs. */
function encodeTail(
  kept: readonly TfliteOperator[],
  { inputs: border }: FoundTail<number, TfliteOperator>,
  source: TailSource,
): Uint8Array {
  const { model, bytes, path } = source;
  const [main, ...others] = model.subgraphs!;
  const stranger = [main, ...others].flatMap((graph) =>
    graph === main ? kept : graph.operators ?? []
  )
    .find(isUnknown);
  if (stranger !== undefined) {
    throw new NodeRefusal(
      `reading ${path}: found options of ${
        source.nameOperator(stranger.code ?? 0)
      } of which nothing is known here, ` +
        `wanted others; cut the model off ahead of it, and export it again`,
    );
  }
  const read = new Set(kept.flatMap(({ inputs = [] }) => inputs));
  const used = new Set(
    [
      ...(main.tensors ?? []).filter((_, index) => read.has(index)),
      ...others.flatMap(({ tensors = [] }) => tensors),
    ]
      .map(({ buffer = 0 }) => buffer),
  );
  const keep = (buffer: TfliteBuffer, place: number): TfliteBuffer => {
    const data = used.has(place) && findBytes(bytes, buffer, `reading ${path}`);
    return data ? { data } : {};
  };
  return encodeTflite({
    ...model,
    buffers: model.buffers?.map(keep),
    metadata: [],
    subgraphs: [{
      ...main,
      inputs: [...main.inputs ?? [], ...border.map(({ name }) => Number(name))],
      operators: kept,
    }, ...others],
  });
}

/** Whether a node has options that are not read, so that they cannot be written. */
function isUnknown(
  { optionsType = 0, options, farOffset = 0, furtherType = 0 }: TfliteOperator,
): boolean {
  return (optionsType > 0 && options === undefined) || farOffset > 0 || furtherType > 0;
}
