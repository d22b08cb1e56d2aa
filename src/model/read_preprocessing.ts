import { anyOf, InputError, option, ownValue } from "../base/mod.ts";
import type { ModelFile } from "./model_file.ts";
import {
  CROPPING_PRESETS,
  type InputPreparation,
  isPictureShape,
  type PixelTransform,
  type Preprocessing,
  preprocessingPresets,
  presetNames,
} from "./preprocessing.ts";
import {
  chooseInputSize,
  isPositiveInteger,
  readChannelOrder,
  readClasses,
  readFactor,
  readPerChannel,
  readSwitch,
} from "./preprocessing_values.ts";
import { findInputs, type InputDeclaration, isJsonObject, type JsonObject } from "./topology.ts";

/** What options say about an input; it wins over the model's metadata. */
export interface InputOverrides {
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
  /** Whether images are turned as their EXIF records say. Default true. */
  exifOrientation?: boolean;
}

/** What options say about preprocessing: about all inputs, and about single ones, which wins. */
export interface PreprocessingOverrides extends InputOverrides {
  /** By name of the input. */
  inputs?: Readonly<Record<string, InputOverrides>>;
  /** Class names in the order of the network's outputs. */
  classes?: readonly string[];
}

/** Names of the values that make a transform. */
const TRANSFORM_KEYS = ["scale", "mean", "std", "channelOrder"] as const;

/** An input with what is said about it, and its place for messages. */
interface ReadInput extends InputDeclaration {
  readonly stored?: JsonObject;
  readonly overrides: InputOverrides;
  readonly place: string;
  /** Whether the model has others beside it. */
  readonly hasOthers: boolean;
}

/**
 * The preprocessing of a model: its metadata, overridden by options. A model with one input has `mean`, `std` and optionally
 * `scale`, `inputSize`, `channelOrder` in `userDefinedMetadata.preprocess`, one with several has records of these by name
 * of the input in `userDefinedMetadata.preprocess.inputs`; `userDefinedMetadata.classes` are the classes. Values that flags
 * give hold for floats too, which are otherwise taken as they are.
 *
 * @param file The model.
 * @param overrides What the options say.
 * @returns Complete preprocessing, `mean` and `std` with one entry per channel. An input of which neither metadata nor
 * options say how it is prepared has no transform, unless it is the only one and reads pictures.
 * @throws {InputError} When an input is of no known extents, when nothing says how the only input's pictures are prepared,
 * or when a value is not usable.
 */
export function readPreprocessing(
  file: ModelFile,
  overrides: PreprocessingOverrides = {},
): Preprocessing {
  const inputs = gatherInputs(file, overrides).map(readInput);
  const classes = overrides.classes ?? file.metadata?.classes;
  return { inputs, ...(classes !== undefined && { classes: readClasses(classes, file.path) }) };
}

/** The inputs of a model with what metadata and options say about each. */
function gatherInputs(
  file: ModelFile,
  { inputs: named = {}, classes: _, ...common }: PreprocessingOverrides,
): ReadInput[] {
  const declared = findInputs(file.topology);
  const names = declared.map(({ name }) => name);
  requireKnown(
    Object.keys(named),
    names,
    `reading the preprocessing for the inputs of ${file.path}`,
  );
  const { preprocess } = file.metadata ?? {};
  const overridesOf = (name: string) => ({ ...withoutUndefined(common), ...ownValue(named, name) });
  if (declared.length < 2) {
    const [input = { name: "" }] = declared;
    const { name } = input;
    return [{
      ...input,
      place: file.path,
      hasOthers: false,
      overrides: overridesOf(name),
      ...(isJsonObject(preprocess) && { stored: preprocess }),
    }];
  }
  const records = readRecords(preprocess, names, file.path);
  return declared.map(({ name, ...input }) => ({
    ...input,
    name,
    place: `${file.path}, input "${name}"`,
    hasOthers: true,
    overrides: overridesOf(name),
    stored: ownValue(records, name),
  }));
}

function withoutUndefined(overrides: InputOverrides): InputOverrides {
  return Object.fromEntries(Object.entries(overrides).filter(([, value]) => value !== undefined));
}

/** The records by name of the input in the metadata of a model with several. */
function readRecords(
  preprocess: unknown,
  names: readonly string[],
  path: string,
): Record<string, JsonObject> {
  if (!isJsonObject(preprocess)) return {};
  const place = `reading userDefinedMetadata.preprocess of ${path}`;
  const common = [...TRANSFORM_KEYS, "inputSize"].find((key) => key in preprocess);
  const { inputs = {} } = preprocess;
  if (common !== undefined || !isJsonObject(inputs)) {
    throw new InputError(
      `${place}: found ${common ?? JSON.stringify(inputs)}, wanted a record for every input: ` +
        `{"inputs": {"${names[0]}": {…}}}; mend it in the model`,
    );
  }
  requireKnown(Object.keys(inputs), names, place);
  const stranger = Object.keys(inputs).find((name) => !isJsonObject(inputs[name]));
  if (stranger === undefined) return inputs as Record<string, JsonObject>;
  throw new InputError(
    `${place}: found ${
      JSON.stringify(inputs[stranger])
    } for the input "${stranger}", wanted an object; mend it in the model`,
  );
}

function requireKnown(found: readonly string[], names: readonly string[], place: string): void {
  const stranger = found.find((name) => !names.includes(name));
  if (stranger === undefined) return;
  throw new InputError(
    `${place}: found an input "${stranger}", wanted one of ${names.join(", ") || "none"}; ` +
      "give the name as `inspect` shows it",
  );
}

function readInput(input: ReadInput): InputPreparation {
  const { name, stored, overrides } = input;
  const shape = readShape(input);
  const { wordCount } = input;
  const read = {
    name,
    shape,
    ...(input.isWhole && { isWhole: true }),
    ...(wordCount !== undefined && { wordCount }),
  };
  const base = chooseTransform(input, isPictureShape(shape) && !input.hasOthers);
  if (base === undefined) return read;
  const { preset, scale } = overrides;
  const isAsked = [preset, scale, overrides.mean, overrides.std].some((given) =>
    given !== undefined
  );
  const channels = shape.at(-1)!;
  const source = `preprocessing of ${input.place}`;
  const mean = overrides.mean ?? base.mean;
  const std = overrides.std ?? base.std;
  const valueSource = { place: source, input: input.hasOthers ? name : undefined };
  return {
    ...read,
    transform: {
      scale: readFactor(overrides.scale ?? base.scale, valueSource),
      mean: readPerChannel("mean", mean, channels, valueSource),
      std: readPerChannel("std", std, channels, valueSource),
      channelOrder: readChannelOrder(base.channelOrder, channels, source),
    },
    ...((readSwitch(stored?.floats, "floats", source) || isAsked) && { preparesFloats: true }),
    ...(isPictureShape(shape) && readFitting(input, source)),
  };
}

/** How images are brought to the input's size. */
function readFitting(
  { stored, overrides: { preset, exifOrientation } }: ReadInput,
  source: string,
): Pick<InputPreparation, "isCropped" | "ignoresOrientation"> {
  const isCropped = preset === undefined
    ? readSwitch(stored?.crop, "crop", source)
    : CROPPING_PRESETS.includes(preset);
  const turns = exifOrientation ??
    readSwitch(stored?.exifOrientation ?? true, "exifOrientation", source);
  return { ...(isCropped && { isCropped }), ...(!turns && { ignoresOrientation: true }) };
}

/** Extents of an input without the batch; only the height and width of images may be left open. */
function readShape(input: ReadInput): number[] {
  const [, ...extents] = input.shape ?? [];
  const isImage = extents.length === 3;
  const isUsable = (extent: unknown, axis: number) =>
    isPositiveInteger(extent) || isImage && axis < 2 && extent === null;
  if (extents.length === 0 || !extents.every(isUsable)) {
    throw new InputError(
      `reading the input of ${input.place}: found ${
        input.shape ? JSON.stringify(input.shape) : "no single shape"
      }, wanted [null, height, width, channels], or other extents that are all known; ` +
        "export the model with them",
    );
  }
  if (!isImage) return extents as number[];
  const [height, width, channels] = extents;
  const wanted = input.overrides.inputSize ?? input.stored?.inputSize;
  return [...chooseInputSize([height, width], wanted, input.place), channels!];
}

/**
 * The values before single options apply: preset, else metadata, else the identity when options give numbers. Undefined when
 * nothing says how an input is prepared that need not say so.
 */
function chooseTransform(
  { shape, stored, overrides, place }: ReadInput,
  isNeeded: boolean,
): { [name in keyof PixelTransform]: unknown } | undefined {
  const { preset, scale, mean, std } = overrides;
  const raw = preprocessingPresets.get("raw")!;
  if (preset !== undefined) {
    const fitting = presetNames(shape?.at(-1) ?? undefined);
    if (fitting.includes(preset)) return preprocessingPresets.get(preset)!;
    const isKnown = preprocessingPresets.has(preset);
    throw new InputError([
      "reading ",
      option("preset"),
      `: found "${preset}"${
        isKnown ? ", which is for other channels than those of " + place : ""
      }, ` +
      `wanted one of ${fitting.join(", ")}; give one of them`,
    ]);
  }
  if (stored && (isNeeded || TRANSFORM_KEYS.some((key) => key in stored))) {
    return {
      scale: stored.scale ?? raw.scale,
      mean: stored.mean ?? raw.mean,
      std: stored.std ?? raw.std,
      channelOrder: stored.channelOrder ?? raw.channelOrder,
    };
  }
  if (scale !== undefined || mean !== undefined || std !== undefined) return raw;
  if (!isNeeded) return undefined;
  throw new InputError([
    `reading the preprocessing of ${place}: found no userDefinedMetadata.preprocess in the model; ` +
    "say how images are prepared with ",
    anyOf(["preset", "mean", "std", "scale"]),
    ` (presets are ${presetNames(shape?.at(-1) ?? undefined).join(", ")})`,
  ]);
}
