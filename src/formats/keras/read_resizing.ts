import { InputError, withAction } from "../../base/mod.ts";
import type { StatedShape } from "./affine_parts.ts";
import { describeLayer, MOST_MADE_UP, type TranslatedLayer } from "./parts.ts";
import type { JsonObject } from "./read_options.ts";

/** A layer of Keras with what the file says about it. */
export interface KerasLayerSource {
  /** Its class. */
  readonly className: string;
  /** Its options. */
  readonly config: JsonObject;
  /** Its name in the new model. */
  readonly name: string;
  /** Shape of its input, the batch first. */
  readonly shape: StatedShape;
  /** `reading FILE: layer NAME (CLASS)`. */
  readonly place: string;
}

/** A layer that changes nothing. */
export function passOn({ name }: KerasLayerSource): TranslatedLayer {
  return { parts: [{ json: describeLayer("Activation", name, { activation: "linear" }) }] };
}

/**
 * Translates a layer that makes images of another size. Where rows and columns repeat as often as a whole number says, this is upsampling. Otherwise
 * each new row is a weighted sum of the old ones, and each column too: a Dense layer along each axis.
 *
 * @param layer The layer.
 * @returns Its layers.
 * @throws {InputError} When the sizes are not stated, or it resizes otherwise.
 */
export function translateResizing(layer: KerasLayerSource): TranslatedLayer {
  const { config, name, place } = layer;
  const interpolation = config.interpolation ?? "bilinear";
  const { wanted, given } = readSizes(layer);
  if (wanted.join() === given.join()) return passOn(layer);
  const isCropping = config.crop_to_aspect_ratio === true || config.pad_to_aspect_ratio === true;
  const keepsRatio = wanted[0] * given[1] === wanted[1] * given[0];
  const isKnown = interpolation === "bilinear" || interpolation === "nearest";
  if (!isKnown || config.antialias === true || isCropping && !keepsRatio) {
    throw refuseLayer(
      place,
      `interpolation ${JSON.stringify(interpolation)}` +
        `${config.antialias === true ? " with antialias" : ""}${
          isCropping ? ", keeping the aspect ratio" : ""
        }`,
      "bilinear or nearest, without antialias or an aspect ratio; take the layer off the model and resize images before",
    );
  }
  if (wanted.some((extent, axis) => extent * given[axis] > MOST_MADE_UP)) {
    throw refuseLayer(
      place,
      `${given.join(" × ")} to become ${wanted.join(" × ")}`,
      "smaller images",
    );
  }
  const factors = wanted.map((extent, axis) => extent / given[axis]);
  if (interpolation === "nearest" && factors.every(Number.isInteger)) {
    return { parts: [{ json: describeLayer("UpSampling2D", name, { size: factors }) }] };
  }
  return mixRowsAndColumns(name, wanted, given, interpolation === "nearest");
}

/** Permute, a Dense layer over columns, Permute, one over rows, Permute. */
function mixRowsAndColumns(
  name: string,
  wanted: readonly number[],
  given: readonly number[],
  isNearest: boolean,
): TranslatedLayer {
  const dense = { trainable: false, use_bias: false, activation: "linear" };
  const [columns, rows] = [`${name}_columns`, `${name}_rows`];
  const permute = (suffix: string, dims: number[]) => ({
    json: describeLayer("Permute", suffix === "" ? name : `${name}_${suffix}`, { dims }),
  });
  return {
    parts: [
      permute("columns_last", [1, 3, 2]),
      { json: describeLayer("Dense", columns, { ...dense, units: wanted[1] }) },
      permute("rows_last", [3, 2, 1]),
      { json: describeLayer("Dense", rows, { ...dense, units: wanted[0] }) },
      permute("", [3, 1, 2]),
    ],
    roles: [],
    convert: () =>
      [1, 0].map((axis) => ({
        name: `${axis === 1 ? columns : rows}/kernel`,
        shape: [given[axis], wanted[axis]],
        dtype: "float32" as const,
        values: resizingMatrix(given[axis], wanted[axis], isNearest),
      })),
  };
}

/** Shares of the old rows in each new one; the middles of pixels are what is mapped. */
function resizingMatrix(from: number, to: number, isNearest: boolean): Float32Array<ArrayBuffer> {
  const matrix = new Float32Array(from * to);
  for (let target = 0; target < to; target++) {
    const middle = (target + 0.5) * from / to;
    if (isNearest) {
      matrix[Math.floor(middle) * to + target] = 1;
      continue;
    }
    const place = Math.min(Math.max(middle - 0.5, 0), from - 1);
    const low = Math.floor(place), high = Math.min(low + 1, from - 1);
    matrix[low * to + target] += 1 - (place - low);
    matrix[high * to + target] += place - low;
  }
  return matrix;
}

/** Rows and columns that a layer is to make, and those of its images. */
export function readSizes(
  { config, shape, place }: KerasLayerSource,
): { wanted: number[]; given: number[] } {
  const wanted = [config.height, config.width], given = shape?.slice(1, 3) ?? [];
  const isSize = (extents: readonly unknown[]): extents is number[] =>
    extents.length === 2 &&
    extents.every((extent) => Number.isInteger(extent) && Number(extent) > 0);
  if (isSize(wanted) && isSize(given) && shape?.length === 4) return { wanted, given };
  throw refuseLayer(
    place,
    `height ${config.height} and width ${config.width} for images of unknown size`,
    "images of a stated size; take the layer off the model and give it images of the right size",
  );
}

/** The refusal of a layer: what was found and wanted. */
export function refuseLayer(place: string, found: string, wanted: string): InputError {
  return new InputError(
    withAction(
      `${place}: found ${found}, wanted ${wanted}`,
      "change it in Keras and save the model again",
    ),
  );
}
