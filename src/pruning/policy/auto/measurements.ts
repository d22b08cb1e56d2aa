import { InputError, type Notice } from "../../../base/mod.ts";
import { type Evaluation, keyOf } from "./rollout.ts";

/** Why a network could not be measured. */
export interface MeasuringFailure {
  /** The message of the error. */
  readonly failure: Notice;
}

/** What came of measuring a network. */
export type Measurement = Evaluation | MeasuringFailure;

/** A network with what came of measuring it. */
export type RecordedMeasurement = Measurement & {
  /** Channels that every unit keeps. */
  readonly counts: readonly number[];
};

/** Who measures networks, and who remembers it. */
export interface MeasuringHooks {
  /**
   * Measures networks none of which waits for another.
   *
   * @param batch Channels that every unit keeps, of every network; no two are the same.
   * @param onMeasured Called with every network as soon as it is measured, in any order, and awaited.
   */
  readonly evaluateAll: (
    batch: readonly (readonly number[])[],
    onMeasured: (index: number, measurement: Measurement) => Promise<void>,
  ) => Promise<void>;
  /** What an earlier search measured, in any order: it is not measured again, nor passed to `onMeasured`. */
  readonly recorded?: readonly RecordedMeasurement[];
  /** Called with every network as soon as it is measured. */
  readonly onMeasured?: (measured: RecordedMeasurement) => void | Promise<void>;
}

/**
 * Measures networks one after the other.
 *
 * @param evaluate Measures one.
 * @returns What measures many.
 */
export function oneByOne(
  evaluate: (counts: readonly number[]) => Promise<Measurement>,
): MeasuringHooks["evaluateAll"] {
  return async (batch, onMeasured) => {
    for (const [index, counts] of batch.entries()) await onMeasured(index, await evaluate(counts));
  };
}

/** Networks that are measured once, however often they are asked for, now or before the search was cut off. */
export class Measurements {
  readonly #hooks: MeasuringHooks;
  readonly #known = new Map<string, Measurement>();
  /** What is recorded and has not been asked for yet. */
  readonly #unclaimed = new Map<string, RecordedMeasurement>();

  /** @param hooks Who measures and remembers. */
  constructor(hooks: MeasuringHooks) {
    this.#hooks = hooks;
    for (const entry of hooks.recorded ?? []) this.#unclaimed.set(keyOf(entry.counts), entry);
  }

  /**
   * Measures a batch of networks.
   *
   * @param batch Channels that every unit keeps, of every network.
   * @returns What came of each, in order; without `seconds` where it was known before.
   * @throws {InputError} When networks are recorded that the search would not have come to by now.
   */
  async measureAll(batch: readonly (readonly number[])[]): Promise<Measurement[]> {
    const asked = new Map(batch.map((counts) => [keyOf(counts), counts]));
    const fresh = new Map([...asked].filter(([key]) => !this.#known.has(key)));
    const wanted = [...fresh].filter(([key]) => !this.#claim(key)).map(([, counts]) => counts);
    if (wanted.length > 0) {
      this.#requireAllClaimed(wanted[0]);
      await this.#hooks.evaluateAll(wanted, async (index, measurement) => {
        const counts = wanted[index];
        this.#known.set(keyOf(counts), measurement);
        await this.#hooks.onMeasured?.({ ...measurement, counts });
      });
    }
    return batch.map((counts) => {
      const key = keyOf(counts);
      const measurement = this.#known.get(key)!;
      if (fresh.delete(key) || "failure" in measurement) return measurement;
      const { seconds: _, ...figures } = measurement;
      return figures;
    });
  }

  #claim(key: string): boolean {
    const entry = this.#unclaimed.get(key);
    if (entry === undefined) return false;
    this.#unclaimed.delete(key);
    this.#known.set(key, entry);
    return true;
  }

  /** What is recorded comes from this batch at the latest: a search that has others has gone another way. */
  #requireAllClaimed(wanted: readonly number[]): void {
    const [key] = this.#unclaimed.keys();
    if (key === undefined) return;
    throw new InputError(
      `resuming a search: found measurements of counts ${key}, wanted some of ${keyOf(wanted)}; ` +
        `the journal belongs to another search`,
    );
  }
}
