import type { JsonObject } from "../../../model/mod.ts";
import {
  AXIS_LABELS,
  COLOR_SPACES,
  CONTENT_TYPES,
  METADATA_SCHEMA,
  type ModelMetadata,
  PROCESS_TYPES,
  type TensorMetadata,
} from "../metadata_schema.ts";
import { decodeTables } from "./decode.ts";
import { readPackedText } from "./packed_files.ts";

/** A tensor of the file. */
interface DescribedTensor {
  readonly name: string;
  readonly shape: readonly number[];
}

/**
 * What a file's `TFLITE_METADATA` says of its preprocessing and classes. What is damaged in it says nothing: the network is as
 * good without.
 *
 * @param metadata The flatbuffer.
 * @param file The file that it is in, its path, and its inputs and outputs in order.
 * @returns `preprocess` and `classes` as metadata of a model has them, where they are said.
 */
export function readDescription(
  metadata: Uint8Array,
  { bytes, path, inputs, outputs }: {
    bytes: Uint8Array;
    path: string;
    inputs: readonly DescribedTensor[];
    outputs: readonly DescribedTensor[];
  },
): Record<string, unknown> {
  const [described] = decode(metadata)?.subgraphs ?? [];
  if (described === undefined) return {};
  const prepared = inputs.flatMap(({ name }, index) => {
    const record = readInput(described.inputs?.[index]);
    return record ? [[name, record] as const] : [];
  });
  const classes = outputs.map(({ shape }, index) =>
    readClasses(bytes, path, described.outputs?.[index], shape.at(-1))
  ).find((found) => found !== undefined);
  const records = Object.fromEntries(prepared);
  return {
    ...(prepared.length > 0 &&
      { preprocess: inputs.length === 1 ? prepared[0][1] : { inputs: records } }),
    ...(classes && { classes }),
  };
}

function decode(metadata: Uint8Array): ModelMetadata | undefined {
  try {
    return decodeTables(METADATA_SCHEMA, "ModelMetadata", metadata);
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

/** How bytes become the values of an input that reads images. */
function readInput({ content, processUnits = [] }: TensorMetadata = {}): JsonObject | undefined {
  const isImage = content?.propertiesType === CONTENT_TYPES.ImageProperties;
  const unit = processUnits.find((each) => each.optionsType === PROCESS_TYPES.NormalizationOptions);
  const { mean = [], std = [] } = unit?.options ?? {};
  const isUsable = mean.length > 0 && std.length > 0 && [...mean, ...std].every(Number.isFinite) &&
    std.every((value) => value !== 0);
  if (!isImage || !isUsable) return undefined;
  const isColored = content.properties?.colorSpace === COLOR_SPACES.rgb;
  return { mean, std, ...(isColored && { channelOrder: "rgb" }) };
}

function readClasses(
  bytes: Uint8Array,
  path: string,
  { files = [] }: TensorMetadata = {},
  count?: number,
): string[] | undefined {
  const file = files.find(({ type }) => type === AXIS_LABELS);
  const text = file?.name ? readPackedText(bytes, file.name, path) : undefined;
  const names = text?.replace(/\r?\n$/, "").split(/\r?\n/);
  const isUsable = names?.length === count && new Set(names).size === count;
  return isUsable ? names : undefined;
}
