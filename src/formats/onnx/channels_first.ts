import { isJsonObject, type ModelFile } from "../../model/mod.ts";

/** Under which the metadata have it. */
const KEY = "channelsFirst";

/** Places of the inputs and outputs that are series with their channels first in ONNX, N × C × L. */
export interface ChannelsFirst {
  readonly inputs: readonly number[];
  readonly outputs: readonly number[];
}

/**
 * Notes which series a file had with their channels first, so that one written of it has them so too.
 *
 * @param metadata The model's metadata so far.
 * @param series The places.
 * @returns The metadata with the places, or without where there are none.
 */
export function noteChannelsFirst(
  metadata: ModelFile["metadata"],
  series: ChannelsFirst,
): Pick<ModelFile, "metadata"> {
  const { [KEY]: _, ...others } = metadata ?? {};
  const isAny = series.inputs.length + series.outputs.length > 0;
  if (isAny) return { metadata: { ...others, [KEY]: series } };
  return metadata === undefined ? {} : { metadata: others };
}

/**
 * Which series of a model are to have their channels first.
 *
 * @param metadata The model's metadata.
 * @returns The places; none where nothing is noted.
 */
export function readChannelsFirst(metadata: ModelFile["metadata"]): ChannelsFirst {
  const noted = metadata?.[KEY];
  const listPlaces = (list: unknown): number[] =>
    Array.isArray(list) ? list.filter((place) => Number.isSafeInteger(place)) : [];
  if (!isJsonObject(noted)) return { inputs: [], outputs: [] };
  return { inputs: listPlaces(noted.inputs), outputs: listPlaces(noted.outputs) };
}
