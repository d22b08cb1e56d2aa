import type * as tf from "@tensorflow/tfjs";
import type { MomentParts, PackedMoments } from "../../kernels/mod.ts";

/** Inputs from which on a layer whose samples are few is known by these. */
const LEAST_INPUTS = 2048;
/** Inputs from which on G has no room: 288 MB for each half of the images. */
const MOST_INPUTS = 6000;
/** Bytes of samples of one layer. */
const MOST_BYTES = 2 ** 27;

/** Columns of X and of Y. */
export interface LayerSize {
  readonly inputs: number;
  readonly outputs: number;
}

/**
 * How many samples of a layer are kept in the place of sums of their products.
 *
 * Sums have room for d²/2 + dn numbers, samples take N(d + n). Where there are fewer of them than half of the inputs they take
 * less room and less work, and lose nothing. Where sums have no room at all, the first samples are kept that have.
 *
 * @param size Columns of X and of Y.
 * @param samples Samples that there are, over all images.
 * @returns The most samples that are kept; undefined where sums are.
 */
export function keptSamples({ inputs, outputs }: LayerSize, samples: number): number | undefined {
  const room = Math.floor(MOST_BYTES / (Float64Array.BYTES_PER_ELEMENT * (inputs + outputs)));
  if (inputs > MOST_INPUTS) return Math.max(2, Math.min(samples, room));
  return inputs >= LEAST_INPUTS && 2 * samples < inputs && samples <= room ? samples : undefined;
}

/**
 * Bytes of what a layer's statistics are gathered in, for both halves of the images.
 *
 * @param size Columns of X and of Y.
 * @param samples Samples that there are, over all images.
 * @returns The bytes: of one triangle of G and all of C, or of the samples.
 */
export function sumBytes(size: LayerSize, samples: number): number {
  const { inputs, outputs } = size;
  const kept = keptSamples(size, samples);
  return kept === undefined
    ? 2 * Float64Array.BYTES_PER_ELEMENT * inputs * (inputs / 2 + outputs)
    : Float32Array.BYTES_PER_ELEMENT * kept * (inputs + outputs);
}

/** Keeps samples of a layer, those of either half of the images by themselves. */
export class SampleSums {
  readonly #size: LayerSize;
  readonly #most: readonly [number, number];
  readonly #halves: { x: Float32Array; y: Float32Array }[][] = [[], []];
  readonly #counts = [0, 0];

  /**
   * @param size Columns of X and of Y.
   * @param most Samples of either half that are kept; what comes when there are as many is left out.
   */
  constructor(size: LayerSize, most: readonly [number, number]) {
    this.#size = size;
    this.#most = most;
  }

  /**
   * Adds a batch.
   *
   * @param x Inputs, P × d.
   * @param y Outputs, P × n.
   * @param share Share of the rows, the first ones, that belong to the first half.
   */
  accumulate(x: tf.Tensor2D, y: tf.Tensor2D, share: number): void {
    const { inputs, outputs } = this.#size;
    const rows = Math.round(share * x.shape[0]);
    const [allX, allY] = [x.dataSync<"float32">(), y.dataSync<"float32">()];
    for (const [half, [from, until]] of [[0, rows], [rows, x.shape[0]]].entries()) {
      const count = Math.min(until - from, this.#most[half] - this.#counts[half]);
      if (count <= 0) continue;
      this.#counts[half] += count;
      this.#halves[half].push({
        x: allX.slice(from * inputs, (from + count) * inputs),
        y: allY.slice(from * outputs, (from + count) * outputs),
      });
    }
  }

  /** The moments so far. */
  read(): MomentParts {
    return { first: this.#momentsOf(0), second: this.#momentsOf(1) };
  }

  #momentsOf(half: number): PackedMoments | undefined {
    const { inputs: d, outputs: n } = this.#size;
    const count = this.#counts[half];
    if (count === 0) return undefined;
    const join = (name: "x" | "y", width: number) => {
      const joined = new Float64Array(count * width);
      let end = 0;
      for (const part of this.#halves[half]) {
        joined.set(part[name], end);
        end += part[name].length;
      }
      return joined;
    };
    const x = join("x", d), y = join("y", n);
    const none = new Float64Array(0);
    return {
      d,
      n,
      count,
      triangle: none,
      cross: none,
      sumX: sumColumns(x, d, 1),
      sumY: sumColumns(y, n, 1),
      sumYY: sumColumns(y, n, 2),
      samples: { x, y },
    };
  }

  /** Gives the memory back. */
  dispose(): void {
    for (const half of this.#halves) half.length = 0;
  }
}

function sumColumns(values: Float64Array, width: number, power: 1 | 2): Float64Array {
  const sums = new Float64Array(width);
  values.forEach((value, at) => sums[at % width] += value ** power);
  return sums;
}
