import { InputError } from "../base/mod.ts";

const NAMED_IN_MESSAGE = 3;

/** How many faulty images a run bears. */
export interface FaultLimits {
  /** Images the run will ask for, when known beforehand; a fault early in the run then counts against all of them. */
  planned?: number;
  /** Largest share of the images that may be faulty. */
  share?: number;
}

/**
 * How many faulty images are borne: max(1, ⌊share · images⌋), and none where the share is 0.
 *
 * @param share Largest share of the images that may be faulty.
 * @param images Images in all.
 * @returns Their largest number.
 */
export function tolerableFaults(share: number, images: number): number {
  return share > 0 ? Math.max(1, Math.floor(share * images)) : 0;
}

/**
 * Keeps count of the images that could not be read, and ends the run when they are too many.
 *
 * With n = max(planned, images asked for so far, repeats included), at most {@link tolerableFaults} different images
 * may be faulty. An image is counted once, however often it is asked for.
 */
export class ImageFaults {
  readonly #planned: number;
  readonly #share: number;
  readonly #reasons = new Map<string, string>();
  #asked = 0;

  /**
   * Starts a count.
   *
   * @param limits The limits; by default 1 % of the images asked for.
   */
  constructor(limits: FaultLimits = {}) {
    this.#planned = limits.planned ?? 0;
    this.#share = limits.share ?? 0.01;
  }

  /** Images asked for so far, repeats included. */
  get asked(): number {
    return this.#asked;
  }

  /** Different images that could not be read. */
  get count(): number {
    return this.#reasons.size;
  }

  /** Where the faulty images come from, in the order they were met. */
  get names(): string[] {
    return [...this.#reasons.keys()];
  }

  /** What was wrong with them, as messages, in the same order. */
  get reasons(): string[] {
    return [...this.#reasons.values()];
  }

  /**
   * Counts images that are about to be read.
   *
   * @param count How many.
   */
  ask(count: number): void {
    this.#asked += count;
  }

  /**
   * Counts a faulty image.
   *
   * @param name Where it comes from.
   * @param reason What was wrong with it, as a message.
   * @throws {InputError} When it is one too many; names the first few.
   */
  add(name: string, reason: string): void {
    this.#reasons.set(name, reason);
    const images = Math.max(this.#planned, this.#asked);
    if (this.count <= tolerableFaults(this.#share, images)) return;
    const first = [...this.#reasons.values()].slice(0, NAMED_IN_MESSAGE);
    const rest = this.count > first.length ? `; and ${this.count - first.length} more` : "";
    throw new InputError(
      `reading images: found ${this.count} of ${images} that cannot be read, ` +
        `wanted at most ${100 * this.#share} %; mend them as said here: ${first.join("; ")}${rest}`,
    );
  }
}
