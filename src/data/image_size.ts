import { type DatasetSource, openFormat } from "./open_format.ts";
import { ImageError } from "./decoding/image_error.ts";
import type { InputSource } from "./image_set.ts";

/** Training images that are looked at, from the first to the last. */
const MOST_LOOKED_AT = 16;

/**
 * The size of a data set's images, whatever network is to read them.
 *
 * @param place Folder or file of the data set, or its images.
 * @returns Height and width in pixels; undefined where training images that are looked at have different ones, or are none.
 * @throws {InputError} When the data set is missing, of no known format or damaged.
 */
export async function findImageSize(
  place: DatasetSource,
): Promise<readonly [height: number, width: number] | undefined> {
  using handles = new DisposableStack();
  const { train: { length, inputs: [source] } } = await openFormat(place, handles);
  const step = Math.max(1, Math.ceil(length / MOST_LOOKED_AT));
  let size: readonly [number, number] | undefined;
  for (let index = 0; index < length; index += step) {
    const found = await sizeOf(source, index);
    if (found === undefined) continue;
    if (size !== undefined && (found[0] !== size[0] || found[1] !== size[1])) return undefined;
    size = found;
  }
  return size;
}

/** Undefined where an image cannot be decoded, or is no image. */
async function sizeOf(
  source: InputSource,
  index: number,
): Promise<readonly [number, number] | undefined> {
  if (source.kind !== "picture") {
    const [height, width, ...rest] = source.shape;
    return rest.length === 1 ? [height, width] : undefined;
  }
  try {
    const { height, width } = await source.decode(index, {});
    return [height, width];
  } catch (error) {
    if (error instanceof ImageError) return undefined;
    throw error;
  }
}
