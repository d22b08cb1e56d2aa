import { drawNormal, type Random } from "../../../../base/mod.ts";
import {
  denseBackwardInput,
  denseBackwardWeights,
  denseForward,
  type DenseWeights,
  normBackward,
  normForward,
  type NormTrace,
  type NormWeights,
} from "./dense_layers.ts";

/** Weights of a layer, or their gradients; without `norm` the layer is linear. */
export interface LayerWeights {
  /** Its dense part. */
  readonly dense: DenseWeights;
  /** The normalization behind it. */
  readonly norm?: NormWeights;
}

/** What a network is made of. */
export interface NetworkShape {
  /** Inputs, then the units of every hidden layer. */
  readonly widths: readonly number[];
  /** Outputs of a last, linear layer; the last hidden layer is the output when absent. */
  readonly outputs?: number;
  /** The most rows of a batch. */
  readonly batch: number;
}

/** Buffers of a layer. */
interface LayerSpace {
  readonly inputs: number;
  readonly outputs: number;
  readonly output: Float64Array;
  readonly inputGradient: Float64Array;
  readonly trace?: NormTrace;
}

/** Half the range of a last layer's first weights, so that first outputs lie near 0 (Lillicrap et al. 2015, section 7). */
const LAST_RANGE = 3e-3;

/**
 * A small multilayer network with exact gradients: hidden layers are dense + layer normalization + ReLU.
 *
 * It owns buffers but no weights. All weights of a network lie in one flat array, layer by layer as kernel, bias, gain,
 * shift, so that one network serves an actor, its target and its perturbed copy, and each of them can be moved as a
 * whole.
 */
export class DenseNetwork {
  /** Length of the flat weights. */
  readonly weightCount: number;
  readonly #spaces: readonly LayerSpace[];
  #input: Float64Array = new Float64Array(0);

  constructor({ widths, outputs, batch }: NetworkShape) {
    const space = (inputs: number, units: number): LayerSpace => ({
      inputs,
      outputs: units,
      output: new Float64Array(batch * units),
      inputGradient: new Float64Array(batch * inputs),
    });
    const hidden = widths.slice(1).map((units, index): LayerSpace => ({
      ...space(widths[index], units),
      trace: { normalized: new Float64Array(batch * units), scale: new Float64Array(batch) },
    }));
    const last = outputs === undefined ? [] : [space(widths.at(-1)!, outputs)];
    this.#spaces = [...hidden, ...last];
    this.weightCount = this.#spaces.reduce((sum, each) => sum + lengthOf(each), 0);
  }

  /**
   * Names the parts of flat weights, or of flat gradients.
   *
   * @param flat The array; the parts are views of it.
   * @returns The weights of every layer.
   */
  layOut(flat: Float64Array): LayerWeights[] {
    let offset = 0;
    const take = (length: number) => flat.subarray(offset, offset += length);
    return this.#spaces.map(({ inputs, outputs, trace }) => {
      const dense = { kernel: take(inputs * outputs), bias: take(outputs) };
      return trace ? { dense, norm: { gain: take(outputs), shift: take(outputs) } } : { dense };
    });
  }

  /**
   * Y = f(X).
   *
   * @param layers Weights.
   * @param input X, rows × inputs; it must stay as it is until the backward pass.
   * @param rows Rows of this batch.
   * @returns Y, rows × outputs, in a buffer that the next forward pass overwrites.
   */
  forward(layers: readonly LayerWeights[], input: Float64Array, rows: number): Float64Array {
    this.#input = input;
    let values = input;
    for (const [index, { output, trace }] of this.#spaces.entries()) {
      const { dense, norm } = layers[index];
      denseForward(dense, values, output, rows);
      if (trace) normForward(norm!, output, trace, rows);
      values = output;
    }
    return values;
  }

  /**
   * The way back through the last {@link forward}.
   *
   * @param layers The weights it was given.
   * @param outputGradient ∂L/∂Y, rows × outputs; it may be overwritten.
   * @param rows Its rows.
   * @param into Gradients of the weights, added to; none are wanted when absent.
   * @returns ∂L/∂X, rows × inputs, in a buffer that the next backward pass overwrites.
   */
  backward(
    layers: readonly LayerWeights[],
    outputGradient: Float64Array,
    rows: number,
    into?: readonly LayerWeights[],
  ): Float64Array {
    let gradient = outputGradient;
    for (let index = this.#spaces.length - 1; index >= 0; index--) {
      const { inputGradient, trace } = this.#spaces[index];
      const { dense, norm } = layers[index];
      const input = index === 0 ? this.#input : this.#spaces[index - 1].output;
      if (trace) normBackward(norm!, trace, gradient, rows, into?.[index].norm);
      if (into) denseBackwardWeights(into[index].dense, input, gradient, rows);
      denseBackwardInput(dense, gradient, inputGradient, rows);
      gradient = inputGradient;
    }
    return gradient;
  }
}

function lengthOf({ inputs, outputs, trace }: LayerSpace): number {
  return (inputs + 1) * outputs + (trace ? 2 * outputs : 0);
}

/**
 * First weights (Lillicrap et al. 2015, section 7): uniform in ±1 / √inputs, in a linear last layer ±0.003; gains are 1,
 * shifts 0.
 *
 * @param layers The weights; overwritten.
 * @param random Source of randomness.
 */
export function initializeWeights(layers: readonly LayerWeights[], random: Random): void {
  for (const { dense: { kernel, bias }, norm } of layers) {
    const range = norm ? Math.sqrt(bias.length / kernel.length) : LAST_RANGE;
    for (const part of [kernel, bias]) {
      for (let index = 0; index < part.length; index++) part[index] = range * (2 * random() - 1);
    }
    norm?.gain.fill(1);
    norm?.shift.fill(0);
  }
}

/**
 * Adds noise to weights: N(0, σ²) to kernels and biases. Gains and shifts stay, since normalization is what makes the
 * same σ mean the same in every layer (Plappert et al. 2018, section 3).
 *
 * @param layers The weights.
 * @param sigma σ.
 * @param random Source of randomness.
 * @param into The noisy weights; overwritten.
 */
export function perturbWeights(
  layers: readonly LayerWeights[],
  sigma: number,
  random: Random,
  into: readonly LayerWeights[],
): void {
  const addNoise = (from: Float64Array, to: Float64Array) => {
    for (let index = 0; index < from.length; index++) {
      to[index] = from[index] + sigma * drawNormal(random);
    }
  };
  for (const [index, { dense, norm }] of layers.entries()) {
    addNoise(dense.kernel, into[index].dense.kernel);
    addNoise(dense.bias, into[index].dense.bias);
    if (norm === undefined) continue;
    into[index].norm!.gain.set(norm.gain);
    into[index].norm!.shift.set(norm.shift);
  }
}
