import { InputError, option } from "../../base/mod.ts";
import type { ConvolutionPlace } from "../../graph/mod.ts";

/** The share of its input channels that every convolution keeps, in the order of the list. */
export type Ratios = readonly number[];

/**
 * The same ratio for every convolution.
 *
 * @param ratio Share of input channels to keep, in (0, 1].
 * @param convolutions The convolutions.
 * @returns A ratio each.
 * @throws {InputError} When the ratio is out of range.
 */
export function uniformRatios(ratio: number, convolutions: readonly ConvolutionPlace[]): Ratios {
  if (!(ratio > 0 && ratio <= 1)) {
    throw new InputError([
      "reading ",
      option("ratio"),
      `: found ${ratio}, wanted a number above 0 and at most 1; give such a number`,
    ]);
  }
  return convolutions.map(() => ratio);
}

/**
 * Reads a ratio list: numbers in (0, 1] with commas between, one for every convolution in the order of `inspect`.
 *
 * @param text Content of the file.
 * @param source Name of the file, for messages.
 * @param convolutions The convolutions.
 * @returns A ratio each.
 * @throws {InputError} When an entry is no number or out of range, or their number does not fit; the entry is named.
 */
export function parseRatioList(
  text: string,
  source: string,
  convolutions: readonly ConvolutionPlace[],
): Ratios {
  const entries = text.trim().replace(/,\s*$/, "").split(",").map((entry) => entry.trim());
  const ratios = entries.map((entry, index) => {
    const ratio = entry === "" ? NaN : Number(entry);
    if (ratio > 0 && ratio <= 1) return ratio;
    const layer = convolutions[index]?.key ?? "no convolution";
    throw new InputError(
      `reading ${source}: found "${entry}" as entry ${index + 1} (${layer}), ` +
        `wanted a number above 0 and at most 1; mend the entry`,
    );
  });
  if (ratios.length !== convolutions.length) {
    throw new InputError(
      `reading ${source}: found ${ratios.length} entries, wanted ${convolutions.length}, ` +
        `one for each convolution; \`inspect\` prints their order`,
    );
  }
  return ratios;
}

/**
 * How many channels a ratio keeps: rounded to the nearest, then up to the next multiple, at least one and at most all.
 *
 * @param ratio Share to keep.
 * @param channels All channels.
 * @param multiple Keep a multiple of this many.
 * @returns Channels kept.
 */
export function keptCount(ratio: number, channels: number, multiple: number): number {
  const rounded = Math.max(1, Math.round(channels * ratio));
  return Math.min(channels, Math.ceil(rounded / multiple) * multiple);
}
