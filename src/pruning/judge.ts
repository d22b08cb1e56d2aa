import type { Figures } from "../execution/mod.ts";
import type { LayerGraph } from "../graph/mod.ts";
import type { ImageSelection } from "../session/mod.ts";
import { heldOutImages, measureNetwork } from "./measure_network.ts";
import type { StatisticsSource } from "./statistics/statistics_source.ts";
import type { Judgement } from "./types.ts";

/** Parts of the images whose relative errors tell the spread of the whole, and the images of each at least. */
const MOST_PARTS = 10, PART_IMAGES = 20;

/**
 * Measures networks beside the original on the same held-out training images, and says how far chance goes.
 *
 * Of n images let b be those that the original alone answers rightly, and c those that the other network alone does. The
 * drop in accuracy is d = (b − c) / n, and its standard error √((b + c) / n − d²) / √n, that of paired answers (McNemar
 * 1947). That of a relative error is told from parts of the images, ten where there are enough.
 */
export class Judge {
  readonly #source: StatisticsSource;
  readonly #images: ImageSelection;
  readonly #original: Figures;

  private constructor(source: StatisticsSource, images: ImageSelection, original: Figures) {
    this.#source = source;
    this.#images = images;
    this.#original = original;
  }

  /**
   * Measures the original.
   *
   * @param source The original, and the images.
   * @param count Images, where as many are held out.
   * @returns What judges; undefined where no images are held out.
   */
  static async open(source: StatisticsSource, count: number): Promise<Judge | undefined> {
    const images = heldOutImages(source, count);
    if (images.indices.length === 0) return undefined;
    return new Judge(source, images, await measureNetwork(source, source.graph, images));
  }

  /** What was measured of the original. */
  get figures(): Figures {
    return this.#original;
  }

  /** What the original reaches. */
  get original(): Judgement {
    const { accuracy, images } = this.#original;
    return { ...(accuracy !== undefined && { accuracy }), drop: 0, standardError: 0, images };
  }

  /**
   * Measures a network.
   *
   * @param graph The network.
   * @returns What it loses against the original.
   */
  async judge(graph: LayerGraph): Promise<Judgement> {
    if (this.#original.answers === undefined) return await this.#compareOutputs(graph);
    const { accuracy, answers, images } = await measureNetwork(this.#source, graph, this.#images);
    const labels = this.#source.pool.local.dataset.train.labels!;
    const before = rightAnswers(this.#original.answers, labels);
    const after = rightAnswers(answers!, labels);
    const [lost, found] = [before.difference(after).size, after.difference(before).size];
    const drop = (lost - found) / images;
    const standardError = Math.sqrt(Math.max(0, (lost + found) / images - drop ** 2) / images);
    return { accuracy, drop, standardError, images };
  }

  async #compareOutputs(graph: LayerGraph): Promise<Judgement> {
    const { indices } = this.#images;
    const measure = async (own: Int32Array) =>
      (await measureNetwork(this.#source, graph, { ...this.#images, indices: own })).error;
    const parts = Math.max(2, Math.min(MOST_PARTS, Math.floor(indices.length / PART_IMAGES)));
    const errors: number[] = [];
    for (let part = 0; part < parts; part++) {
      errors.push(await measure(indices.filter((_, index) => index % parts === part)));
    }
    const mean = errors.reduce((sum, error) => sum + error, 0) / parts;
    const variance = errors.reduce((sum, error) => sum + (error - mean) ** 2, 0) / (parts - 1);
    return {
      drop: await measure(indices),
      standardError: Math.sqrt(variance / parts),
      images: indices.length,
    };
  }
}

/** Images that are answered rightly. */
function rightAnswers(
  { images, classes }: NonNullable<Figures["answers"]>,
  labels: Int32Array,
): Set<number> {
  return new Set(images.filter((image, place) => classes[place] === labels[image]));
}

/**
 * How sure it is that a network keeps a floor: the probability of a drop of no more than a limit, by the normal
 * distribution.
 *
 * @param judgement What was measured.
 * @param limit The largest drop.
 * @returns The probability.
 */
export function confidenceOf(
  { drop, standardError }: Pick<Judgement, "drop" | "standardError">,
  limit: number,
): number {
  if (standardError === 0) return drop <= limit ? 1 : 0;
  return normalDistribution((limit - drop) / standardError);
}

/** Φ(z), by Abramowitz and Stegun 26.2.17; its error is below 7.5 · 10⁻⁸. */
function normalDistribution(z: number): number {
  const t = 1 / (1 + 0.2316419 * Math.abs(z));
  const weights = [1.330274429, -1.821255978, 1.781477937, -0.356563782, 0.31938153];
  const polynomial = weights.reduce((sum, weight) => (sum + weight) * t, 0);
  const tail = Math.exp(-(z ** 2) / 2) / Math.sqrt(2 * Math.PI) * polynomial;
  return z < 0 ? tail : 1 - tail;
}
