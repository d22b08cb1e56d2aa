import { InputError } from "../../base/mod.ts";
import type { Weight } from "../../model/mod.ts";
import type { WeightRole } from "./layer_classes.ts";
import {
  describeLayer,
  MOST_MADE_UP,
  type Part,
  type PartSource,
  type TranslatedLayer,
} from "./parts.ts";
import { isJsonObject, type JsonObject } from "./read_options.ts";

/** The class in Keras. */
export const ATTENTION_CLASS = "MultiHeadAttention";

/** What is projected, in the order in which Keras keeps the weights and the call has the tensors. */
const PROJECTED = ["query", "key", "value"] as const;

type Projected = typeof PROJECTED[number];

/** Place of each among the inputs of a call, see {@link listAttentionInputs}. */
const INPUTS: Readonly<Record<Projected, number>> = { query: 0, value: 1, key: 2 };

/** What the options say. */
interface Heads {
  readonly heads: number;
  /** Numbers of a head by what is projected. */
  readonly widths: Readonly<Record<Projected, number>>;
  readonly isBiased: boolean;
  /** Numbers of a position that come out. */
  readonly outputs: number;
  /** Shapes of what is given, without the batch. */
  readonly shapes: Readonly<Record<Projected, readonly (number | null)[]>>;
}

/**
 * MultiHeadAttention as layers that TensorFlow.js has: for every head h
 *
 *     headₕ = softmax(Qₕ Kₕᵀ) Vₕ,   Qₕ = (q W + b) / √d,   Kₕ = k W + b,   Vₕ = v W + b
 *
 * with a Dense layer for each projection, Dot for the products, and a Dense layer over all heads side by side. Maps are rows of
 * positions on the way.
 *
 * @param config Its options.
 * @param name Its name.
 * @param shapes Shapes that the file notes it was built for, by `query_shape` and so on.
 * @param place What is being read, for messages.
 * @returns The layers, and how their weights are made.
 * @throws {InputError} When the file does not state the shapes, or an option has no counterpart.
 */
export function translateAttention(
  config: JsonObject,
  name: string,
  shapes: JsonObject,
  place: string,
): TranslatedLayer {
  const heads = readHeads(config, { ...config, ...shapes }, place);
  const parts: Part[] = [];
  const add = (className: string, suffix: string, options: JsonObject, ...reads: PartSource[]) => {
    parts.push({
      json: describeLayer(className, suffix === "" ? name : `${name}_${suffix}`, options),
      reads,
    });
    return { part: parts.length - 1 };
  };
  const rows = new Map(PROJECTED.map((each): [Projected, PartSource] => {
    const shape = heads.shapes[each], input = { input: INPUTS[each] };
    if (shape.length === 2) return [each, input];
    const target_shape = [countPositions(shape), shape.at(-1)];
    return [each, add("Reshape", `${each}_rows`, { target_shape }, input)];
  }));
  const read = Array.from({ length: heads.heads }, (_, head) => {
    const [query, key, value] = PROJECTED.map((each) =>
      add("Dense", `${each}${head}`, {
        units: heads.widths[each],
        use_bias: heads.isBiased,
        activation: "linear",
      }, rows.get(each)!)
    );
    const likeness = add("Dot", `likeness${head}`, { axes: [2, 2], normalize: false }, query, key);
    const weights = add("Activation", `weights${head}`, { activation: "softmax" }, likeness);
    return add("Dot", `read${head}`, { axes: [2, 1], normalize: false }, weights, value);
  });
  const all = read.length === 1 ? read[0] : add("Concatenate", "heads", { axis: -1 }, ...read);
  const isOfMaps = heads.shapes.query.length > 2;
  const output = add("Dense", isOfMaps ? "output" : "", {
    units: heads.outputs,
    use_bias: heads.isBiased,
    activation: "linear",
  }, all);
  if (isOfMaps) {
    const target_shape = [...heads.shapes.query.slice(0, -1), heads.outputs];
    add("Reshape", "", { target_shape }, output);
  }
  return {
    parts,
    roles: listRoles(heads.isBiased),
    convert: (stored) => splitWeights(stored, name, heads, isOfMaps ? `${name}_output` : name),
  };
}

function readHeads(config: JsonObject, shapes: JsonObject, place: string): Heads {
  const heads = Number(config.num_heads), keys = Number(config.key_dim);
  const values = Number(config.value_dim ?? keys);
  const given = PROJECTED.map((each) => shapes[`${each}_shape`] ?? shapes.value_shape);
  const isStated = given.every((shape) => Array.isArray(shape) && typeof shape.at(-1) === "number");
  const counts = [heads, keys, values];
  if (!isStated || !counts.every((count) => Number.isSafeInteger(count) && count > 0)) {
    throw refusal(place, "no shapes of its query and value, or no numbers of heads");
  }
  const own = given.map((shape) => (shape as (number | null)[]).slice(1));
  const [query] = own;
  const isOfRank = own.every((shape) =>
    shape.length === 2 || shape.length === 3 && !shape.includes(null)
  );
  const axes = config.attention_axes ?? undefined;
  const isWhole = axes === undefined ||
    [axes].flat().toSorted().join() === query.slice(1).map((_, axis) => axis + 1).join();
  if (!isOfRank || !isWhole) {
    throw refusal(place, `attention over axes ${JSON.stringify(axes)} of [${query.join(", ")}]`);
  }
  const output = [config.output_shape ?? query.at(-1)!].flat();
  const made = heads * (keys + values) * Math.max(...own.map((shape) => shape.at(-1)!));
  if (output.length !== 1 || !(Number(output[0]) > 0) || made > MOST_MADE_UP) {
    throw refusal(place, `an output of shape ${JSON.stringify(config.output_shape)}`);
  }
  return {
    heads,
    widths: { query: keys, key: keys, value: values },
    isBiased: config.use_bias !== false,
    outputs: Number(output[0]),
    shapes: { query: own[0], key: own[1], value: own[2] },
  };
}

function countPositions(shape: readonly (number | null)[]): number {
  return shape.slice(0, -1).reduce<number>((count, extent) => count * extent!, 1);
}

function refusal(place: string, found: string): InputError {
  return new InputError(
    `${place}: found ${found}, wanted attention over all positions of rows or maps of a stated size; ` +
      `build the model for inputs of a fixed size, and save it again`,
  );
}

/** The weights in the order in which Keras keeps them, each in the group of a layer inside. */
function listRoles(isBiased: boolean): WeightRole[] {
  return [...PROJECTED, "output"].flatMap((each) => {
    const within = [`${each}_dense`, `_${each}_dense`];
    const kernel = { role: `${each}_kernel`, rank: 3, within };
    const rank = each === "output" ? 1 : 2;
    return isBiased ? [kernel, { role: `${each}_bias`, rank, within }] : [kernel];
  });
}

/** D × heads × width of what is projected as a matrix for every head; heads × width × D of the output as one. */
function splitWeights(
  stored: readonly Weight[],
  name: string,
  { heads, widths, isBiased }: Heads,
  output: string,
): Weight[] {
  const find = (role: string) => stored.find((weight) => weight.name === `${name}/${role}`)!;
  const made: Weight[] = [];
  const add = (owner: string, role: string, shape: number[], values: Float32Array) =>
    made.push({ name: `${owner}/${role}`, shape, dtype: "float32", values });
  for (const each of PROJECTED) {
    const width = widths[each], scale = each === "query" ? 1 / Math.sqrt(width) : 1;
    const kernel = find(`${each}_kernel`), rows = kernel.shape[0];
    for (let head = 0; head < heads; head++) {
      const pick = (values: ArrayLike<number>, count: number) =>
        Float32Array.from(
          { length: count * width },
          (_, at) => scale * values[(Math.floor(at / width) * heads + head) * width + at % width],
        );
      const owner = `${name}_${each}${head}`;
      add(owner, "kernel", [rows, width], pick(kernel.values, rows));
      if (isBiased) add(owner, "bias", [width], pick(find(`${each}_bias`).values, 1));
    }
  }
  const kernel = find("output_kernel");
  const [, width, outputs] = kernel.shape;
  add(output, "kernel", [heads * width, outputs], kernel.values as Float32Array);
  if (isBiased) add(output, "bias", [outputs], find("output_bias").values as Float32Array);
  return made;
}

/**
 * The calls of an attention as calls with a list of tensors: query, value, key.
 *
 * @param calls `inbound_nodes` of the layer.
 * @param place What is being read, for messages.
 * @returns The calls; where there is no key, it is the value.
 * @throws {InputError} When a call has a mask, or asks for the weights too.
 */
export function listAttentionInputs(calls: unknown, place: string): unknown {
  if (!Array.isArray(calls)) return calls;
  return calls.map((call) => {
    const { tensors, options } = isJsonObject(call) ? currentCall(call) : olderCall(call);
    const { query = tensors[0], value = tensors[1], key = tensors[2] ?? value, ...rest } = options;
    const other = Object.entries(rest).find(([name, given]) =>
      name !== "training" && given !== null && given !== false
    );
    if (other || tensors.length > 3) {
      throw new InputError(
        `${place}: found a call with ${
          other?.[0] ?? "a mask"
        }, wanted query, value and key alone; ` +
          `leave it out, and save the model again`,
      );
    }
    const given = [query, value, key];
    return isJsonObject(call) ? { args: [given], kwargs: {} } : given;
  });
}

interface AttentionCall {
  readonly tensors: readonly unknown[];
  readonly options: JsonObject;
}

/** Keras 3: tensors by place or by name. */
function currentCall({ args, kwargs }: JsonObject): AttentionCall {
  const tensors = (Array.isArray(args) ? args : []).filter((argument) => argument !== null);
  return { tensors, options: isJsonObject(kwargs) ? kwargs : {} };
}

/** Keras 2: the query, with the others by name among its arguments. */
function olderCall(call: unknown): AttentionCall {
  const [first] = Array.isArray(call) ? call : [];
  const [name, node, output, options] = Array.isArray(first) ? first : [];
  const given = isJsonObject(options) ? options : {};
  const list = Object.entries(given).map(([option, value]) => [
    option,
    Array.isArray(value) ? [value[0], value[1], value[2], {}] : value,
  ]);
  return { tensors: [[name, node, output, {}]], options: Object.fromEntries(list) };
}
