import type { Weight } from "../../model/mod.ts";
import { affineParts, scaleChannels, scaleWeights } from "./affine_parts.ts";
import { describeLayer, MOST_MADE_UP, type TranslatedLayer } from "./parts.ts";
import { isJsonObject } from "./read_options.ts";
import {
  type KerasLayerSource,
  passOn,
  readSizes,
  refuseLayer,
  translateResizing,
} from "./read_resizing.ts";

/** What `keras.backend.epsilon()` is; a deviation below it counts as this much. */
const LEAST_DEVIATION = 1e-7;

/** Layers that pass on what they are given wherever nothing is trained. */
const TRAINING_ONLY = new Set([
  "ActivityRegularization",
  "AugMix",
  "CutMix",
  "Identity",
  "MixUp",
  "RandAugment",
  "RandomBrightness",
  "RandomColorDegeneration",
  "RandomColorJitter",
  "RandomContrast",
  "RandomElasticTransform",
  "RandomErasing",
  "RandomFlip",
  "RandomGaussianBlur",
  "RandomGrayscale",
  "RandomHeight",
  "RandomHue",
  "RandomInvert",
  "RandomPerspective",
  "RandomPosterization",
  "RandomRotation",
  "RandomSaturation",
  "RandomSharpness",
  "RandomShear",
  "RandomTranslation",
  "RandomWidth",
  "RandomZoom",
]);

/**
 * Translates a layer that prepares images.
 *
 * @param layer The layer.
 * @returns Its layers in TensorFlow.js; undefined for a layer of another kind.
 * @throws {InputError} When it does to images what no layer of TensorFlow.js does.
 */
export function translateImageLayer(layer: KerasLayerSource): TranslatedLayer | undefined {
  if (TRAINING_ONLY.has(layer.className)) return passOn(layer);
  switch (layer.className) {
    case "CenterCrop":
    case "RandomCrop":
      return translateCrop(layer);
    case "Resizing":
      return translateResizing(layer);
    case "UpSampling2D":
      return translateUpSampling(layer);
    case "Rescaling":
      return translateRescaling(layer);
    case "Normalization":
      return translateNormalization(layer);
    default:
      return undefined;
  }
}

/** UpSampling2D that interpolates: between the middles of pixels, unlike the layer of TensorFlow.js. */
function translateUpSampling(layer: KerasLayerSource): TranslatedLayer | undefined {
  const { config, shape } = layer;
  if ((config.interpolation ?? "nearest") === "nearest") return undefined;
  const factors = [config.size ?? 2, config.size ?? 2].flat().slice(0, 2);
  const [height, width] = factors.map((factor, axis) => {
    const extent = shape?.[1 + axis];
    return typeof extent === "number" ? extent * Number(factor) : undefined;
  });
  return translateResizing({ ...layer, config: { ...config, height, width } });
}

/** Numbers of a list, an array of NumPy, or lists in one another. */
export function readNumbers(value: unknown): number[] | undefined {
  const plain = isJsonObject(value)
    ? value.value ?? (isJsonObject(value.config) ? value.config.value : undefined)
    : value;
  const numbers = [plain].flat(Infinity);
  return numbers.length > 0 && numbers.every((number) => Number.isFinite(number))
    ? numbers as number[]
    : undefined;
}

function translateRescaling(layer: KerasLayerSource): TranslatedLayer {
  const { config, name, shape, place } = layer;
  const factors = readNumbers(config.scale ?? 1), shifts = readNumbers(config.offset ?? 0);
  if (factors && shifts && haveOneLength(factors, shifts)) {
    return affineParts(name, factors, shifts, shape);
  }
  throw refuseLayer(
    place,
    `scale ${JSON.stringify(config.scale)} and offset ${JSON.stringify(config.offset)}`,
    "one number each, or one for every channel",
  );
}

function haveOneLength(first: readonly number[], second: readonly number[]): boolean {
  return first.length === second.length || first.length === 1 || second.length === 1;
}

/** (x − mean) / max(√variance, 1e-7), with statistics that are options or weights. */
function translateNormalization(layer: KerasLayerSource): TranslatedLayer {
  const { config, name, shape, place } = layer;
  if (config.invert === true) {
    throw refuseLayer(place, "invert", "normalization that is not inverted");
  }
  const rank = shape?.length ?? 4;
  const axes = config.axis === null ? [] : [config.axis ?? -1].flat();
  if (axes.some((axis) => axis !== -1 && axis !== rank - 1)) {
    throw refuseLayer(place, `axis ${JSON.stringify(config.axis)}`, "the last one or none");
  }
  if (config.mean != null) {
    const mean = readNumbers(config.mean), variance = readNumbers(config.variance);
    if (mean && variance && haveOneLength(mean, variance)) {
      return affineParts(name, ...normalizing(mean, variance), shape);
    }
    throw refuseLayer(place, "mean and variance of different lengths", "numbers for every channel");
  }
  const channels = shape?.at(-1);
  if (axes.length === 0 && !(typeof channels === "number" && channels <= MOST_MADE_UP)) {
    throw refuseLayer(place, `axis null for ${channels ?? "unknown"} channels`, "axis -1");
  }
  const { parts, owner } = scaleChannels(name, shape);
  return {
    parts,
    roles: [{ role: "mean" }, { role: "variance" }, { role: "count", isUnread: true }],
    convert: (stored) => {
      const count = axes.length === 0 ? channels! : stored[0]?.values.length ?? 0;
      return scaleWeights(
        owner,
        ...normalizing(numbersOf(stored[0], count), numbersOf(stored[1], count)),
      );
    },
  };
}

function numbersOf(weight: Weight | undefined, count: number): number[] {
  const numbers = [...weight?.values ?? []];
  return numbers.length === 1 ? Array<number>(count).fill(numbers[0]) : numbers;
}

/** Factors and shifts that subtract a mean and divide by a deviation. */
function normalizing(
  mean: readonly number[],
  variance: readonly number[],
): [factors: number[], shifts: number[]] {
  const factors = variance.map((square) => 1 / Math.max(Math.sqrt(square), LEAST_DEVIATION));
  const count = Math.max(mean.length, factors.length);
  const at = (numbers: readonly number[], index: number) =>
    numbers[numbers.length === 1 ? 0 : index];
  const all = Array.from({ length: count }, (_, index) => at(factors, index));
  return [all, all.map((factor, index) => -at(mean, index) * factor)];
}

/** The middle of images that are large enough; RandomCrop resizes when nothing is trained. */
function translateCrop(layer: KerasLayerSource): TranslatedLayer {
  const { config, name } = layer;
  const { wanted, given } = readSizes(layer);
  if (wanted.join() === given.join()) return passOn(layer);
  const excess = wanted.map((extent, axis) => given[axis] - extent);
  if (layer.className === "RandomCrop") {
    throw refuseLayer(layer.place, "images of another size", "this size, or CenterCrop");
  }
  if (excess.some((extent) => extent < 0)) {
    throw refuseLayer(
      layer.place,
      `images of ${given.join(" × ")} for height ${config.height} and width ${config.width}`,
      "images of this size at least",
    );
  }
  const cropping = excess.map((extent) => [Math.floor(extent / 2), Math.ceil(extent / 2)]);
  return { parts: [{ json: describeLayer("Cropping2D", name, { cropping }) }] };
}
