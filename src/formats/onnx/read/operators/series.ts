import { type Constant, fromFront, holdsIntegers } from "../../../import/mod.ts";
import type { OnnxAttribute, OnnxNode } from "../../messages.ts";
import { NodeCall } from "../node_call.ts";
import type { Feature, Value } from "../../values.ts";
import { turnFirst } from "./reshape.ts";

type List = readonly number[];

/** How what a node says of series becomes what it says of maps of one column. */
export interface Widening {
  /** Its attributes by name. */
  readonly attributes?: Readonly<Record<string, (list: List) => List>>;
  /** Its constants by the input's place. */
  readonly constants?: Readonly<Record<number, (constant: Constant) => Constant>>;
  /** Whether its channels are first, so that series whose channels are last are turned. */
  readonly wantsFirst?: boolean;
}

const append = (value: number) => (list: List) => list.length === 3 ? [...list, value] : list;
const countFromFront = (axes: List) => axes.map((axis) => fromFront(axis, 3));
const aroundColumns = (pads: List) =>
  pads.length === 6 ? [...pads.slice(0, 3), 0, ...pads.slice(3), 0] : pads;

/** A change of a list as one of a constant that is a list. */
const listOf = (change: (list: List) => List) => (constant: Constant): Constant => {
  const values = change(Array.from(constant.values));
  const Values = holdsIntegers(constant) ? Float64Array : Float32Array;
  return { ...constant, values: Values.from(values), shape: [values.length] };
};

const addAxis = (constant: Constant): Constant => ({ ...constant, shape: [...constant.shape, 1] });

/** Normalizations, with numbers of channels. */
export const SCALES: Widening = { wantsFirst: true };

/** Convolutions and pooling. */
export const WINDOWS: Widening = {
  wantsFirst: true,
  attributes: {
    dilations: ([length]) => [length, 1],
    kernel_shape: ([length]) => [length, 1],
    strides: ([length]) => [length, 1],
    output_padding: ([length]) => [length, 0],
    output_shape: ([length]) => [length, 1],
    pads: ([begin, end]) => [begin, 0, end, 0],
  },
  constants: { 1: (kernel) => kernel.shape.length === 3 ? addAxis(kernel) : kernel },
};

/** Resize and Upsample: factors and sizes. */
export const FACTORS: Widening = {
  attributes: { axes: countFromFront, scales: append(1) },
  constants: Object.fromEntries([1, 2, 3].map((place) => [place, listOf(append(1))])),
};

/** What works along axes. */
export const AXES: Widening = {
  attributes: { axis: countFromFront, axes: countFromFront },
  constants: { 3: listOf(countFromFront) },
};

/** What is put around them. */
export const PADS: Widening = {
  attributes: { pads: aroundColumns },
  constants: { 1: listOf(aroundColumns), 3: listOf(countFromFront) },
};

/** Slopes. */
export const SLOPES: Widening = {
  constants: { 1: (slope) => slope.shape.length > 1 ? addAxis(slope) : slope },
};

/**
 * An operator of maps for series too: N × C × L become maps of L rows and one column, and series again behind it.
 *
 * @param operator The operator of maps.
 * @param widening What the node says of series, as it is for maps.
 * @returns The operator of both.
 */
export function overSeries<Made extends Feature | Feature[]>(
  operator: (call: NodeCall) => Made,
  { attributes = {}, constants = {}, wantsFirst = false }: Widening = {},
): (call: NodeCall) => Feature | Feature[] {
  return (call) => {
    const [value] = call.inputs;
    const isSeries = value?.kind === "feature" && value.shape.length === 2 &&
      (wantsFirst || !value.isLast);
    if (!isSeries) return operator(call);
    const inputs = call.inputs.map((input, place): Value | undefined => {
      if (input?.kind === "feature") return asMaps(call, input);
      return input && (constants[place] ?? ((constant: Constant) => constant))(input);
    });
    const made = operator(new NodeCall(call.context, widenNode(call.node, attributes), inputs));
    const parts = [made].flat() as Feature[];
    const series = parts.map((part, place) =>
      asSeries(call, part, parts.length > 1 ? `${place + 1}` : "")
    );
    return parts.length === 1 ? series[0] : series;
  };
}

function widenNode(node: OnnxNode, changes: NonNullable<Widening["attributes"]>): OnnxNode {
  const attributes = new Map<string, OnnxAttribute>(node.attributes);
  for (const [name, change] of Object.entries(changes)) {
    const value = attributes.get(name);
    if (typeof value === "number") attributes.set(name, change([value])[0]);
    if (Array.isArray(value)) attributes.set(name, [...change(value)]);
  }
  return { ...node, attributes };
}

function asMaps(call: NodeCall, value: Feature): Feature {
  if (value.isFlat) return asFlatMaps(call, value);
  const { layer: source, shape } = value.isLast ? turnFirst(call, value) : value;
  const target_shape = [shape[1] ?? -1, 1, shape[0]];
  const layer = call.addLayer(
    "Reshape",
    [{ ...value, layer: source }],
    { target_shape },
    {},
    "maps",
  );
  return { ...value, layer, shape: [...shape, 1], isLast: false, isShared: false };
}

/** A vector of C × 1 is maps of one value as it is; of 1 × L, a series of one channel. */
function asFlatMaps(call: NodeCall, value: Feature): Feature {
  const [channels, length] = value.shape;
  if (length === 1) return { ...value, shape: [...value.shape, 1], isLast: false };
  const target_shape = [length!, 1, channels!];
  const layer = call.addLayer("Reshape", [value], { target_shape }, {}, "maps");
  return {
    ...value,
    layer,
    shape: [channels, length, 1],
    isFlat: false,
    isLast: false,
    isShared: false,
  };
}

function asSeries(call: NodeCall, value: Feature, part: string): Feature {
  const [channels, length] = value.shape;
  if (value.isFlat) return { ...value, shape: [channels, length] };
  const target_shape = [length ?? -1, channels];
  const layer = call.addLayer("Reshape", [value], { target_shape }, {}, `series${part}`);
  return call.result(layer, value, { shape: [channels, length] });
}
