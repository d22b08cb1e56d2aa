import { InputError } from "../errors.ts";
import type { ModelFile } from "./model_file.ts";
import { type PixelTransform, type Preprocessing, preprocessingPresets } from "./preprocessing.ts";
import { findInputShape, inputNames, isJsonObject, type JsonObject } from "./topology.ts";

/** What flags may say about preprocessing; it wins over the model's metadata. */
export interface PreprocessingOverrides {
  /** Name of a preset of {@link preprocessingPresets}, which replaces the model's own values. */
  preset?: string;
  /** Factor of the bytes. */
  scale?: number;
  /** Mean per channel, or one for all. */
  mean?: number[];
  /** Standard deviation per channel, or one for all. */
  std?: number[];
  /** Height and width, for models that leave them open. */
  inputSize?: [number, number];
}

/**
 * The preprocessing of a model: its metadata (`userDefinedMetadata.preprocess` with `mean`, `std` and optionally
 * `scale`, `inputSize`, `channelOrder`; `userDefinedMetadata.classes`), overridden by flags.
 *
 * @param file The model.
 * @param overrides What the flags say.
 * @returns Complete preprocessing, `mean` and `std` with one entry per channel.
 * @throws {InputError} When the model does not read one batch of images, when neither metadata nor flags say how to
 * prepare them, or when a value is not usable.
 */
export function readPreprocessing(
  file: ModelFile,
  overrides: PreprocessingOverrides = {},
): Preprocessing {
  const [height, width, channels] = readImageInput(file);
  const { preprocess, classes } = file.metadata ?? {};
  const stored = isJsonObject(preprocess) ? preprocess : {};
  const base = chooseTransform(file, overrides, isJsonObject(preprocess) ? stored : undefined);
  const transform = {
    scale: overrides.scale ?? base.scale,
    mean: overrides.mean ?? base.mean,
    std: overrides.std ?? base.std,
  };
  const source = `preprocessing of ${file.path}`;
  return {
    inputSize: chooseInputSize([height, width], overrides.inputSize ?? stored.inputSize, file.path),
    channels,
    scale: readFactor(transform.scale, `${source}: scale (--scale)`),
    mean: readPerChannel(transform.mean, channels, `${source}: mean (--mean)`),
    std: readPerChannel(transform.std, channels, `${source}: std (--std)`, true),
    channelOrder: readChannelOrder(base.channelOrder, channels, source),
    ...(classes !== undefined && { classes: readClasses(classes, file.path) }),
  };
}

/** Height, width and channels of the model's input. */
function readImageInput(file: ModelFile): [number | null, number | null, 1 | 3] {
  const shape = findInputShape(file.topology) ?? [];
  const [, height, width, channels] = shape;
  const isExtent = (extent: unknown) => extent === null || isPositiveInteger(extent);
  if (
    shape.length === 4 && isExtent(height) && isExtent(width) && (channels === 1 || channels === 3)
  ) return [height, width, channels];
  const names = inputNames(file.topology.config.input_layers);
  if (names.length > 1) {
    throw new InputError(
      `reading the inputs of ${file.path}: found ${names.length} (${
        names.join(", ")
      }), wanted one ` +
        `that reads images; cut the model down to one input where it was trained`,
    );
  }
  throw new InputError(
    `reading the input of ${file.path}: found ${
      shape.length > 0 ? JSON.stringify(shape) : "no single shape"
    }, ` +
      `wanted one input [null, height, width, 1 or 3]; give a model that reads images`,
  );
}

function isPositiveInteger(value: unknown): value is number {
  return Number.isInteger(value) && (value as number) > 0;
}

/** The values before single flags apply: preset, else metadata, else the identity when flags give numbers. */
function chooseTransform(
  file: ModelFile,
  { preset, scale, mean, std }: PreprocessingOverrides,
  stored: JsonObject | undefined,
): { [name in keyof PixelTransform]: unknown } {
  const raw = preprocessingPresets.get("raw")!;
  if (preset !== undefined) {
    const named = preprocessingPresets.get(preset);
    if (named) return named;
    throw new InputError(
      `reading --preprocess: found "${preset}", wanted one of ${
        [...preprocessingPresets.keys()].join(", ")
      }; give one of them`,
    );
  }
  if (stored) {
    return {
      scale: stored.scale ?? raw.scale,
      mean: stored.mean ?? raw.mean,
      std: stored.std ?? raw.std,
      channelOrder: stored.channelOrder ?? raw.channelOrder,
    };
  }
  if (scale !== undefined || mean !== undefined || std !== undefined) return raw;
  throw new InputError(
    `reading the preprocessing of ${file.path}: found no userDefinedMetadata.preprocess in the model; ` +
      `say how images are prepared with --preprocess (${
        [...preprocessingPresets.keys()].join(", ")
      }), or with --mean, --std and --scale`,
  );
}

function chooseInputSize(
  fixed: [number | null, number | null],
  wanted: unknown,
  path: string,
): [number, number] {
  const given = wanted === undefined ? [] : wanted;
  if (
    !Array.isArray(given) || (wanted !== undefined && given.length !== 2) ||
    !given.every(isPositiveInteger)
  ) {
    throw new InputError(
      `reading the input size of ${path}: found ${
        JSON.stringify(wanted)
      }, wanted [height, width]; mend preprocess.inputSize in the model, or give --input-size`,
    );
  }
  const [height, width] = fixed.map((extent, axis) => extent ?? given[axis]);
  if (height === undefined || width === undefined) {
    throw new InputError(
      `reading the input size of ${path}: the model leaves its height or width open; ` +
        `give both with --input-size`,
    );
  }
  if (given.length === 2 && (given[0] !== height || given[1] !== width)) {
    throw new InputError(
      `reading the input size of ${path}: found ${given.join("×")}, ` +
        `wanted ${height}×${width}, which the model's input fixes; leave --input-size out`,
    );
  }
  return [height, width];
}

function readFactor(value: unknown, source: string): number {
  if (typeof value === "number" && Number.isFinite(value) && value !== 0) return value;
  throw new InputError(
    `${source}: found ${JSON.stringify(value)}, wanted a number other than 0; give another number`,
  );
}

function readPerChannel(
  value: unknown,
  channels: number,
  source: string,
  isDivisor = false,
): number[] {
  const given = Array.isArray(value) ? value : [value];
  const isUsable = (entry: unknown) => Number.isFinite(entry) && !(isDivisor && entry === 0);
  if (!given.every(isUsable) || (given.length !== channels && given.length !== 1)) {
    throw new InputError(
      `${source}: found ${JSON.stringify(value)}, wanted ${
        channels === 1 ? "" : `1 or `
      }${channels} ` +
        `finite number(s)${
          isDivisor ? " other than 0" : ""
        }; give as many as the input has channels`,
    );
  }
  return Array.from({ length: channels }, (_, channel) => given[given.length === 1 ? 0 : channel]);
}

function readChannelOrder(value: unknown, channels: number, source: string): "rgb" | "bgr" {
  if (value !== "rgb" && value !== "bgr") {
    throw new InputError(
      `${source}: found channelOrder ${
        JSON.stringify(value)
      }, wanted "rgb" or "bgr"; mend it in the model`,
    );
  }
  return channels === 3 ? value : "rgb";
}

function readClasses(value: unknown, path: string): string[] {
  if (
    Array.isArray(value) && value.every((name) => typeof name === "string") &&
    new Set(value).size === value.length
  ) return [...value];
  throw new InputError(
    `reading ${path}: found userDefinedMetadata.classes ${JSON.stringify(value).slice(0, 80)}, ` +
      `wanted a list of different names; mend it in the model`,
  );
}
