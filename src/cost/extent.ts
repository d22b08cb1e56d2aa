import { type ChannelMap, type CutUnit, inputChannels, type LayerNode } from "../graph/mod.ts";

/**
 * The width of a tensor, its last axis, after surgery:
 *
 *     width(k) = fixed + Σ over parts size(k_unit).
 */
export interface Extent {
  /** Positions that nothing takes away. */
  readonly fixed: number;
  /** Positions that units decide about. */
  readonly parts: readonly {
    /** Index of the unit. */
    readonly unit: number;
    /** Positions left when the unit keeps `count` channels. */
    readonly size: (count: number) => number;
  }[];
}

/**
 * Tells which channels a unit keeps.
 *
 * @param unit Index of the unit.
 * @param count How many it keeps.
 * @returns Own numbers of the channels, as in `CutUnit.globals`.
 */
export type KeptChannels = (unit: number, count: number) => ArrayLike<number>;

/** The units that an extent depends on. */
export function unitsOf(extent: Extent): number[] {
  return extent.parts.map(({ unit }) => unit);
}

/** The width with given counts. */
export function widthAt({ fixed, parts }: Extent, countOf: (unit: number) => number): number {
  return parts.reduce((sum, { unit, size }) => sum + size(countOf(unit)), fixed);
}

/** Expresses the widths of a network's tensors in the counts of its units. */
export class Extents {
  readonly #map: ChannelMap;
  readonly #units: readonly CutUnit[];
  readonly #kept: KeptChannels | undefined;
  /** By global channel, the unit that may remove it and its own number there. */
  readonly #owners = new Map<number, { unit: number; own: number }>();

  constructor(map: ChannelMap, units: readonly CutUnit[], kept?: KeptChannels) {
    this.#map = map;
    this.#units = units;
    this.#kept = kept;
    for (const [unit, { mode, globals }] of units.entries()) {
      if (mode === "select") continue;
      globals.forEach((global, own) => this.#owners.set(global, { unit, own }));
    }
  }

  /** The width of a node's output. */
  ofOutput(key: string): Extent {
    let fixed = 0;
    const positions = new Map<number, Int32Array>();
    for (const channel of this.#map.layouts.get(key)!) {
      const owner = this.#owners.get(channel);
      if (owner === undefined) {
        fixed++;
        continue;
      }
      const { unit, own } = owner;
      if (!positions.has(unit)) positions.set(unit, new Int32Array(this.#units[unit].channels));
      positions.get(unit)![own]++;
    }
    const parts = [...positions].map(([unit, counts]) => this.#part(unit, counts));
    return { fixed, parts };
  }

  /** The width of what a selecting convolution keeps of its input. */
  ofSelection(unit: number, convolution: LayerNode): Extent {
    const positions = new Int32Array(this.#units[unit].channels);
    for (const own of inputChannels(this.#map, convolution).channelOf) positions[own]++;
    return { fixed: 0, parts: [this.#part(unit, positions)] };
  }

  #part(unit: number, positions: Int32Array): Extent["parts"][number] {
    const [first] = positions;
    if (positions.every((count) => count === first)) {
      return { unit, size: (count) => first * count };
    }
    const sizes = new Map<number, number>();
    const size = (count: number): number => {
      if (!sizes.has(count)) sizes.set(count, this.#unevenSize(unit, positions, count));
      return sizes.get(count)!;
    };
    return { unit, size };
  }

  /** Channels with unequal numbers of positions: those of the channels kept, or the most there can be. */
  #unevenSize(unit: number, positions: Int32Array, count: number): number {
    const kept = this.#kept
      ? Array.from(this.#kept(unit, count), (own) => positions[own])
      : [...positions].sort((a, b) => b - a).slice(0, count);
    return kept.reduce((sum, each) => sum + each, 0);
  }
}
