import type { ExpandedModel } from "./expand_layers.ts";
import type { LayerCall } from "./layer_call.ts";

/** A tensor that a writer makes: its shape without the batch, null where it is open. */
interface Tensor {
  readonly shape: readonly (number | null)[];
}

/** Layers that do the same to P × 1 × C as to P × C. */
const EITHER: ReadonlySet<string> = new Set([
  "Activation",
  "ActivityRegularization",
  "Add",
  "AlphaDropout",
  "Average",
  "BatchNormalization",
  "Concatenate",
  "Dense",
  "Dropout",
  "ELU",
  "GaussianDropout",
  "GaussianNoise",
  "LayerNormalization",
  "LeakyReLU",
  "Maximum",
  "Minimum",
  "Multiply",
  "ReLU",
  "Rescaling",
  "SpatialDropout1D",
  "Subtract",
  "ThresholdedReLU",
]);

/** Axes of P × C that are the channels. */
const CHANNEL_AXES: readonly unknown[] = [-1, 2];

/**
 * Has the calls of a model written one after the other. Series are maps of one column from the first convolution or pooling
 * of series on, and series again where a layer wants them.
 *
 * @param model The calls.
 * @param writeLayer Writes a call of a layer, given the tensors that it reads.
 * @returns The tensor of every call.
 */
export function writeCalls<Written extends Tensor>(
  { calls, outputs }: ExpandedModel,
  writeLayer: (call: LayerCall, inputs: readonly Written[]) => Written,
): (call: LayerCall) => Written {
  const writer = new CallWriter(new Set(calls.map(({ name }) => name)), outputs, writeLayer);
  for (const call of calls) writer.write(call);
  for (const call of outputs) writer.tensorOf(call);
  return (call) => writer.tensorOf(call);
}

class CallWriter<Written extends Tensor> {
  readonly #names: Set<string>;
  readonly #outputs: ReadonlySet<LayerCall>;
  readonly #writeLayer: (call: LayerCall, inputs: readonly Written[]) => Written;
  readonly #tensors = new Map<LayerCall, Written>();
  /** Series as maps of one column. */
  readonly #maps = new Map<LayerCall, Written>();

  constructor(
    names: Set<string>,
    outputs: readonly LayerCall[],
    writeLayer: (call: LayerCall, inputs: readonly Written[]) => Written,
  ) {
    this.#names = names;
    this.#outputs = new Set(outputs);
    this.#writeLayer = writeLayer;
  }

  write(call: LayerCall): void {
    if (this.#passReshape(call)) return;
    if (!call.isSeries && !this.#fitsMaps(call)) {
      this.#tensors.set(call, this.#writeLayer(call, call.inputs.map((it) => this.tensorOf(it))));
      return;
    }
    const inputs = call.inputs.map((input) => this.#mapsOf(input));
    const isVector = call.className.startsWith("Global");
    if (isVector) {
      this.#tensors.set(call, this.#writeLayer(call, inputs));
      return;
    }
    const name = this.#outputs.has(call) ? this.#partName(call, "maps") : call.name;
    const config = "axis" in call.config ? { ...call.config, axis: -1 } : call.config;
    this.#maps.set(call, this.#writeLayer({ ...call, name, config }, inputs));
  }

  /** Whether a call is a Reshape between series and maps of one column, for which nothing need be written yet. */
  #passReshape(call: LayerCall): boolean {
    const [input] = call.inputs;
    if (call.className !== "Reshape") return false;
    const target = call.config.target_shape as readonly (number | null)[];
    const maps = this.#maps.get(input) ?? this.#tensors.get(input)!;
    const [length, column, channels] = maps.shape;
    const isOfMaps = maps.shape.length === 3 && column === 1 && target.at(-1) === channels &&
      [length, null, -1].includes(target[0]);
    if (!isOfMaps) return false;
    if (target.length === 2 && !this.#maps.has(input)) {
      this.#maps.set(call, maps);
      return true;
    }
    const isBack = target.length === 3 && target[1] === 1 && this.#maps.has(input) &&
      !this.#outputs.has(call);
    if (isBack) this.#tensors.set(call, maps);
    return isBack;
  }

  /** Whether a layer can go on with maps where its input is there as such. */
  #fitsMaps({ className, config, inputs }: LayerCall): boolean {
    return EITHER.has(className) && inputs.some((input) => this.#maps.has(input)) &&
      [config.axis ?? -1].flat().every((axis) => CHANNEL_AXES.includes(axis)) &&
      inputs.every((input) => this.#maps.has(input) || this.tensorOf(input).shape.length === 2);
  }

  tensorOf(call: LayerCall): Written {
    const known = this.#tensors.get(call);
    if (known) return known;
    const maps = this.#maps.get(call)!;
    const [length, , channels] = maps.shape;
    const name = this.#outputs.has(call) ? call.name : this.#partName(call, "series");
    const tensor = this.#reshape(name, call, maps, [length ?? -1, channels!]);
    this.#tensors.set(call, tensor);
    return tensor;
  }

  #mapsOf(call: LayerCall): Written {
    const known = this.#maps.get(call);
    if (known) return known;
    const series = this.tensorOf(call);
    const [length, channels] = series.shape;
    const name = this.#partName(call, "maps");
    const maps = this.#reshape(name, call, series, [length ?? -1, 1, channels!]);
    this.#maps.set(call, maps);
    return maps;
  }

  #reshape(name: string, input: LayerCall, tensor: Written, target_shape: number[]): Written {
    const layer = { name, layer: name, className: "Reshape", weights: new Map() };
    return this.#writeLayer({ ...layer, config: { target_shape }, inputs: [input] }, [tensor]);
  }

  #partName({ name }: LayerCall, part: string): string {
    let free = `${name}/${part}`;
    while (this.#names.has(free)) free += "_";
    this.#names.add(free);
    return free;
  }
}
