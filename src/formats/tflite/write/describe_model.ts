import { InputError } from "../../../base/mod.ts";
import {
  type InputPreparation,
  isPictureShape,
  type ModelFile,
  type Preprocessing,
  readPreprocessing,
} from "../../../model/mod.ts";
import {
  AXIS_LABELS,
  COLOR_SPACES,
  CONTENT_TYPES,
  METADATA_SCHEMA,
  PROCESS_TYPES,
  type TensorContent,
  type TensorMetadata,
} from "../metadata_schema.ts";
import { encodeTables } from "./encode.ts";

/** What a flatbuffer of metadata has behind its first four bytes. */
const IDENTIFIER = "M001";

/** The oldest reader of metadata that knows all of it. */
const READER_VERSION = "1.0.0";

/** Name of the file of class names that is packed into the model's. */
export const LABELS_FILE = "labels.txt";

/** What other programs are told of a model. */
export interface ModelDescription {
  /** `ModelMetadata`, a flatbuffer. */
  readonly metadata: Uint8Array;
  /** Class names, one in a line, where there are any. */
  readonly labels?: string;
}

/** A tensor of the file. */
interface DescribedTensor {
  readonly name: string;
  readonly shape: readonly (number | null)[];
}

/**
 * Describes a model as programs that run TensorFlow Lite files read it: how images become inputs, and what classes the
 * outputs are.
 *
 * @param file The model.
 * @param tensors Its name, its inputs in the order of the model, and its outputs.
 * @returns The description.
 */
export function describeModel(
  file: ModelFile,
  { name, inputs, outputs }: {
    name: string;
    inputs: readonly string[];
    outputs: readonly DescribedTensor[];
  },
): ModelDescription {
  const preprocessing = readKnown(file);
  const { classes = [] } = preprocessing ?? {};
  const labels = isListable(classes) ? classes.join("\n") : undefined;
  const labeled = labels === undefined
    ? undefined
    : outputs.find(({ shape }) => shape.at(-1) === classes.length);
  const metadata = encodeTables(METADATA_SCHEMA, "ModelMetadata", {
    name,
    subgraphs: [{
      inputs: inputs.map((input, index) => describeInput(input, preprocessing?.inputs[index])),
      outputs: outputs.map((output) => describeOutput(output, output === labeled)),
    }],
    minParserVersion: READER_VERSION,
  }, { identifier: IDENTIFIER });
  return { metadata, ...(labeled && { labels }) };
}

/** Preprocessing and classes, where the model says what they are. */
function readKnown(file: ModelFile): Preprocessing | undefined {
  try {
    return readPreprocessing(file);
  } catch (error) {
    if (error instanceof InputError) return undefined;
    throw error;
  }
}

/** Whether a file with a name in every line holds these. */
function isListable(classes: readonly string[]): boolean {
  return classes.length > 0 && classes.every((name) => name !== "" && !/[\r\n]/.test(name));
}

/** Colors in another order than red, green, blue have no place in the format: nothing is said of them then. */
function describeInput(name: string, prepared?: InputPreparation): TensorMetadata {
  const isStated = prepared?.transform?.channelOrder === "rgb" && isPictureShape(prepared.shape);
  if (!isStated) {
    return { name, content: { propertiesType: CONTENT_TYPES.FeatureProperties, properties: {} } };
  }
  const { scale, mean, std } = prepared.transform!;
  return {
    name,
    content: describeImage(prepared.shape),
    processUnits: [{
      optionsType: PROCESS_TYPES.NormalizationOptions,
      options: {
        mean: mean.map((value) => value / scale),
        std: std.map((value) => value / scale),
      },
    }],
  };
}

function describeImage([height, width, channels]: readonly number[]): TensorContent {
  return {
    propertiesType: CONTENT_TYPES.ImageProperties,
    properties: {
      colorSpace: channels === 1 ? COLOR_SPACES.gray : COLOR_SPACES.rgb,
      size: { width, height },
    },
  };
}

function describeOutput({ name }: DescribedTensor, isLabeled: boolean): TensorMetadata {
  return {
    name,
    content: { propertiesType: CONTENT_TYPES.FeatureProperties, properties: {} },
    ...(isLabeled && {
      files: [{ name: LABELS_FILE, description: "Names of the classes", type: AXIS_LABELS }],
    }),
  };
}
