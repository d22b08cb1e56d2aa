import { InputError, ownValue, reachable } from "../../base/mod.ts";
import { findSharedLayers } from "./shared_layers.ts";
import type { LayerConfig, LayerJson, LayersTopology, ModelFile, Weight } from "../../model/mod.ts";

/** A weight of a layer before it has its full name. */
export interface LayerWeight {
  readonly shape: readonly number[];
  readonly values: Float32Array<ArrayBuffer>;
}

/** A layer to add. */
export interface NewLayer {
  /** Wanted name; made valid and unique. */
  readonly name: string;
  /** Keras class. */
  readonly className: string;
  /** Names of the layers it reads. */
  readonly inputs: readonly string[];
  /** Its options, without the name. */
  readonly config: LayerConfig;
  /** Its weights by role. */
  readonly weights?: Readonly<Record<string, LayerWeight>>;
  /** What its weights are made of; layers of the same origin may be one, see `findSharedLayers`. */
  readonly origin?: string;
}

interface BuiltLayer extends NewLayer {
  readonly weights: Record<string, LayerWeight>;
  config: LayerConfig;
}

/**
 * Classes whose output is linear in a weight, so that a factor and a shift go into the weights. The channels of the output
 * are its last axis, in a Conv2DTranspose the last but one.
 */
const KERNEL_ROLES: Readonly<Record<string, string>> = {
  Conv2D: "kernel",
  Conv2DTranspose: "kernel",
  Dense: "kernel",
  DepthwiseConv2D: "depthwise_kernel",
};

/** Numbers in weights that the file need not hold, such as selectors; how often it may use those it holds. */
const MOST_MADE_UP = 2 ** 26, MOST_COPIES = 4;

/** Gathers the layers of a functional model. */
export class LayerBuilder {
  readonly #layers = new Map<string, BuiltLayer>();
  readonly #suffixes = new Map<string, number>();
  readonly #path: string;
  readonly #mostNumbers: number;
  #numbers = 0;

  /**
   * @param path Path of the file, for messages.
   * @param numbers Numbers that the file holds; the weights may have not many more together.
   */
  constructor(path: string, numbers: number) {
    this.#path = path;
    this.#mostNumbers = MOST_MADE_UP + MOST_COPIES * numbers;
  }

  /**
   * Adds a layer. One that reads a tensor twice gets a copy of it: TensorFlow.js 4.22 counts such a reader twice and
   * frees the tensor before the others have read it.
   *
   * @param layer The layer.
   * @returns Its name: what was wanted, with everything but letters, digits, dots and dashes turned into underscores,
   * and a number behind it where the name is taken.
   * @throws {InputError} When the weights become too many: nodes that share an initializer get a copy each.
   */
  add(layer: NewLayer): string {
    const wanted = layer.name.replace(/[^A-Za-z0-9.-]+/g, "_").replace(/^[_.-]+|_+$/g, "");
    const base = wanted === "" ? layer.className.toLowerCase() : wanted;
    let name = base;
    for (let suffix = this.#suffixes.get(base) ?? 2; this.#layers.has(name); suffix++) {
      name = `${base}_${suffix}`;
      this.#suffixes.set(base, suffix);
    }
    const weights = { ...layer.weights };
    for (const { values } of Object.values(weights)) this.spend(values.length, name);
    const inputs = layer.inputs.map((input, index) =>
      layer.inputs.indexOf(input) === index ? input : this.#addCopy(name, input)
    );
    const config = { name, trainable: true, ...layer.config };
    this.#layers.set(name, { ...layer, name, inputs, config, weights });
    return name;
  }

  /**
   * Counts numbers that are made while the file is read.
   *
   * @param count How many.
   * @param reason Name of the layer or node that needs them.
   * @throws {InputError} When they become far more than the file has.
   */
  spend(count: number, reason: string): void {
    this.#numbers += count;
    if (this.#numbers <= this.#mostNumbers) return;
    throw new InputError(
      `reading ${this.#path}: found ${this.#numbers} numbers in the weights up to "${reason}", ` +
        `wanted ${this.#mostNumbers} at most, far more than the file has; it repeats weights or makes them up`,
    );
  }

  #addCopy(reader: string, input: string): string {
    const config = { activation: "linear" };
    const name = `${reader}_copy`;
    return this.add({ name, className: "Activation", inputs: [input], config });
  }

  /** Names of the layers that a layer reads. */
  inputsOf(name: string): readonly string[] {
    return this.#layers.get(name)!.inputs;
  }

  /** The layers that some layers are computed from, and these. */
  reach(layers: readonly string[]): Set<string> {
    return reachable(layers, (name) => this.#layers.get(name)!.inputs);
  }

  /** The activation of an Activation layer, undefined for any other. */
  activationOf(name: string): unknown {
    const { className, config } = this.#layers.get(name)!;
    return className === "Activation" ? config.activation : undefined;
  }

  /**
   * Takes y = x · factor + shift into the layer that makes x.
   *
   * @param name The layer; nothing else may read it.
   * @param factors Per channel.
   * @param shifts Per channel.
   * @returns Whether the layer is one that can.
   */
  foldAffine(name: string, factors: Float32Array, shifts: Float32Array): boolean {
    const layer = this.#layers.get(name)!;
    if (layer.className === "LayerNormalization") return scaleNormalization(layer, factors, shifts);
    const role = ownValue(KERNEL_ROLES, layer.className);
    const isSelector = layer.className === "Conv2D" && layer.config.trainable === false;
    if (role === undefined || isSelector) return false;
    const { values: kernel, shape } = layer.weights[role];
    const channels = factors.length;
    const inner = layer.className === "Conv2DTranspose" ? shape.at(-1)! : 1;
    kernel.forEach((value, index) =>
      kernel[index] = value * factors[Math.floor(index / inner) % channels]
    );
    const bias = layer.weights.bias?.values ?? new Float32Array(channels);
    bias.forEach((value, c) => bias[c] = value * factors[c] + shifts[c]);
    if (layer.weights.bias === undefined && shifts.some((shift) => shift !== 0)) {
      layer.weights.bias = { shape: [channels], values: bias };
      layer.config = { ...layer.config, use_bias: true };
    }
    return true;
  }

  /**
   * Makes the model; layers that no output needs are left out, and those that are one become calls of it.
   *
   * @param name Name of the model.
   * @param inputs Its input layers.
   * @param outputs Layers whose tensors it gives.
   * @returns Topology and weights.
   * @throws {InputError} When a weight is NaN or infinite.
   */
  build(
    name: string,
    inputs: readonly string[],
    outputs: readonly string[],
  ): Pick<ModelFile, "topology" | "weights"> {
    const needed = this.reach([...inputs, ...outputs]);
    const kept = [...this.#layers.values()].filter((layer) => needed.has(layer.name));
    const places = findSharedLayers(kept);
    const owners = kept.filter((layer) => places.get(layer.name)!.layer === layer.name);
    const callsOf = Map.groupBy(kept, (layer) => places.get(layer.name)!.layer);
    const refer = (layer: string): [string, number, number] => {
      const place = places.get(layer)!;
      return [place.layer, place.call, 0];
    };
    const topology: LayersTopology = {
      class_name: "Model",
      config: {
        name,
        layers: owners.map((layer) => describeLayer(layer, callsOf.get(layer.name)!, refer)),
        input_layers: inputs.map(refer),
        output_layers: outputs.map(refer),
      },
    };
    const weights = owners.flatMap((layer) => listWeights(layer, this.#path));
    return { topology, weights: new Map(weights.map((weight) => [weight.name, weight])) };
  }
}

/** Takes y = x · factor + shift into a normalization over channels alone. */
function scaleNormalization(layer: BuiltLayer, factors: Float32Array, shifts: Float32Array) {
  if (layer.config.axis !== -1) return false;
  const { gamma, beta } = layer.weights;
  const shape = [factors.length];
  layer.weights.gamma = {
    shape,
    values: factors.map((factor, c) => factor * (gamma?.values[c] ?? 1)),
  };
  layer.weights.beta = {
    shape,
    values: shifts.map((shift, c) => shift + factors[c] * (beta?.values[c] ?? 0)),
  };
  layer.config = { ...layer.config, scale: true, center: true };
  return true;
}

function describeLayer(
  { name, className, config }: BuiltLayer,
  calls: readonly BuiltLayer[],
  refer: (layer: string) => [string, number, number],
): LayerJson {
  const inbound = calls.map(({ inputs }) => inputs.map((input) => [...refer(input), {}]))
    .filter(({ length }) => length > 0);
  return { name, class_name: className, config, inbound_nodes: inbound };
}

function listWeights({ name, weights }: BuiltLayer, path: string): Weight[] {
  return Object.entries(weights).map(([role, { shape, values }]) => {
    const spoilt = values.reduce((total, value) => total + (Number.isFinite(value) ? 0 : 1), 0);
    if (spoilt > 0) {
      throw new InputError(
        `reading the weights of ${path}: found NaN or infinite values, ${spoilt} of ${values.length} ` +
          `in the ${role} of "${name}"; restore the model from before its training diverged`,
      );
    }
    return { name: `${name}/${role}`, shape: [...shape], dtype: "float32", values };
  });
}
