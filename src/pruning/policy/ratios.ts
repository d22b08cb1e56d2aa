import { InputError, option } from "../../base/mod.ts";
import type { ReaderPlace } from "../../graph/mod.ts";

/**
 * The share of its input channels that every layer keeps, in the order of the places. Undefined where nothing is asked
 * of a layer: it keeps what others keep that read the same channels, or all.
 */
export type Ratios = readonly (number | undefined)[];

/** What ratios that are given ask for. */
export interface GivenRatios {
  /** The ratios. */
  readonly ratios: Ratios;
  /** Layers that stay whole whatever their ratio is, with the reason, by key. */
  readonly spared: ReadonlyMap<string, string>;
  /** Shares of coupled spaces, where they are given by themselves. */
  readonly spaces: ReadonlyMap<number, number>;
}

/**
 * The same ratio for every convolution. The last one stays whole; of Dense layers nothing is asked.
 *
 * @param ratio Share of input channels to keep, in (0, 1].
 * @param places The convolutions and Dense layers.
 * @returns A ratio for each convolution.
 * @throws {InputError} When the ratio is out of range.
 */
export function uniformRatios(ratio: number, places: readonly ReaderPlace[]): GivenRatios {
  if (!(ratio > 0 && ratio <= 1)) {
    throw new InputError([
      "reading ",
      option("ratio"),
      `: found ${ratio}, wanted a number above 0 and at most 1; give such a number`,
    ]);
  }
  const ratios = places.map(({ place }) => place === undefined ? undefined : ratio);
  return { ratios, spared: sparedOf(places), spaces: new Map() };
}

/** A list has an entry for the last convolution, as PocketFlow's has, and leaves it whole. */
function sparedOf(places: readonly ReaderPlace[]): Map<string, string> {
  const last = places.findLast(({ place }) => place !== undefined);
  return new Map(last && [[last.key, "it is the last convolution"]]);
}

/**
 * Reads a ratio list: numbers in (0, 1] with commas between, one for every convolution in the order of `inspect`. The
 * entry of the last convolution is read, and the layer stays whole. A 0 of the last convolution of a residual block takes
 * the block out.
 *
 * Entries `name=ratio` may follow in any place: of a Dense layer, or of the last convolution, which is cut then. An entry
 * `space N=ratio` says what a coupled space keeps, whatever those ask for that read it.
 *
 * @param text Content of the file.
 * @param source Name of the file, for messages.
 * @param places The convolutions and Dense layers.
 * @returns A ratio for each convolution, and for what is named.
 * @throws {InputError} When an entry is no number or out of range, their number does not fit, or there is no layer of a
 * name; the entry is named.
 */
export function parseRatioList(
  text: string,
  source: string,
  places: readonly ReaderPlace[],
): GivenRatios {
  const entries = text.trim().replace(/,\s*$/, "").split(",").map((entry) => entry.trim());
  const listed = places.filter(({ place }) => place !== undefined).map(({ key }) => key);
  const ratios = new Map<string | undefined, number>();
  const spared = sparedOf(places);
  const spaces = new Map<number, number>();
  let plain = 0;
  entries.forEach((entry, index) => {
    const { name, value } = splitEntry(entry);
    const key = name ?? listed[plain++];
    const ratio = value === "" ? NaN : Number(value);
    const drops = ratio === 0 && places.some((place) => place.key === key && place.block);
    if (!(ratio > 0 && ratio <= 1) && !drops) {
      throw new InputError(
        `reading ${source}: found ${JSON.stringify(entry.slice(0, 40))} as entry ${index + 1} ` +
          `(${key ?? "no convolution"}), wanted a number above 0 and at most 1, with commas ` +
          "between; mend the entry",
      );
    }
    const space = name === undefined ? undefined : spaceOf(name, places);
    if (space !== undefined) {
      spaces.set(space, ratio);
      return;
    }
    if (name !== undefined) {
      checkNamed(name, source, places);
      spared.delete(name);
    }
    ratios.set(key, ratio);
  });
  if (plain !== listed.length) {
    throw new InputError(
      `reading ${source}: found ${plain} entries, wanted ${listed.length}, ` +
        `one for each convolution; \`inspect\` prints their order`,
    );
  }
  return { ratios: places.map(({ key }) => ratios.get(key)), spared, spaces };
}

/** The coupled space of a name, if it is the name of one and of no layer. */
function spaceOf(name: string, places: readonly ReaderPlace[]): number | undefined {
  if (places.some(({ key }) => key === name)) return undefined;
  return places.flatMap(({ spaces }) => spaces ?? []).find((space) => name === `space ${space}`);
}

/** A name may have signs of equality in it, a ratio has none. */
function splitEntry(entry: string): { name?: string; value: string } {
  const at = entry.lastIndexOf("=");
  if (at < 0) return { value: entry };
  return { name: entry.slice(0, at).trim(), value: entry.slice(at + 1).trim() };
}

function checkNamed(name: string, source: string, places: readonly ReaderPlace[]): void {
  if (places.some(({ key }) => key === name)) return;
  throw new InputError(
    `reading ${source}: found an entry of "${name}", wanted the name of a convolution, a Dense layer or ` +
      "a coupled space; `inspect` prints them",
  );
}

/**
 * Writes ratios as {@link parseRatioList} reads them: by name where a place alone does not say it, and of a coupled space
 * where its readers do not.
 *
 * @param places The convolutions and Dense layers.
 * @param chosen A ratio for each, and the shares of coupled spaces.
 * @returns The list.
 */
export function formatRatioList(
  places: readonly ReaderPlace[],
  { ratios, spaces }: {
    readonly ratios: readonly number[];
    readonly spaces: ReadonlyMap<number, number>;
  },
): string {
  const entries = places.map((place, index) => ({ ...place, ratio: ratios[index] }));
  const spared = sparedOf(places);
  const named = entries.filter(({ key, place, ratio }) =>
    ratio < 1 && (place === undefined || spared.has(key))
  );
  const said = entries.filter((entry) => entry.place !== undefined || named.includes(entry));
  const shareOf = (space: number) => {
    const asked = said.filter(({ spaces: read }) => read?.includes(space));
    return asked.length > 0 ? Math.max(...asked.map(({ ratio }) => ratio)) : 1;
  };
  const unsaid = [...spaces].filter(([space, share]) => shareOf(space) !== share);
  return [
    ...entries.filter(({ place }) => place !== undefined).map(({ ratio }) => ratio),
    ...named.map(({ key, ratio }) => `${key}=${ratio}`),
    ...unsaid.map(([space, share]) => `space ${space}=${share}`),
  ].join(",");
}

/**
 * How many channels a ratio keeps: rounded to the nearest, then up to the next multiple, at least one and at most all.
 *
 * @param ratio Share to keep.
 * @param channels All channels.
 * @param multiple Keep a multiple of this many.
 * @param least Keep as many at least. Default 1.
 * @returns Channels kept.
 */
export function keptCount(
  ratio: number,
  channels: number,
  multiple: number,
  least = 1,
): number {
  const rounded = Math.max(least, Math.round(channels * ratio));
  return Math.min(channels, Math.ceil(rounded / multiple) * multiple);
}
