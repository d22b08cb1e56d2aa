/**
 * The tables of the metadata in TensorFlow Lite files, as far as they are read and written
 * (https://github.com/tensorflow/tflite-support/blob/master/tensorflow_lite_support/metadata/metadata_schema.fbs): the fields
 * of a table in the order of their slots.
 *
 * @module
 */
import { field, type Schema } from "./field.ts";

const SKIPPED = undefined;

/** `AssociatedFileType`: names along the last axis of a tensor. */
export const AXIS_LABELS = 2;

/** `ColorSpaceType`. */
export const COLOR_SPACES = { rgb: 1, gray: 2 } as const;

/** Numbers of the tables in the union `ContentProperties`. */
export const CONTENT_TYPES = { FeatureProperties: 1, ImageProperties: 2 } as const;

/** Numbers of the tables in the union `ProcessUnitOptions`. */
export const PROCESS_TYPES = { NormalizationOptions: 1 } as const;

/** The schema of the metadata. */
export const METADATA_SCHEMA: Schema = {
  tables: {
    ModelMetadata: [
      field("name", "string"),
      field("description", "string"),
      SKIPPED,
      field("subgraphs", { tables: "SubGraphMetadata" }),
      SKIPPED,
      SKIPPED,
      SKIPPED,
      field("minParserVersion", "string"),
    ],
    SubGraphMetadata: [
      SKIPPED,
      SKIPPED,
      field("inputs", { tables: "TensorMetadata" }),
      field("outputs", { tables: "TensorMetadata" }),
    ],
    TensorMetadata: [
      field("name", "string"),
      field("description", "string"),
      SKIPPED,
      field("content", { table: "Content" }),
      field("processUnits", { tables: "ProcessUnit" }),
      SKIPPED,
      field("files", { tables: "AssociatedFile" }),
    ],
    AssociatedFile: [
      field("name", "string"),
      field("description", "string"),
      field("type", "byte"),
    ],
    Content: [
      field("propertiesType", "byte"),
      field("properties", { union: "properties", by: "propertiesType" }),
    ],
    FeatureProperties: [],
    ImageProperties: [field("colorSpace", "byte"), field("size", { table: "ImageSize" })],
    ImageSize: [field("width", "uint"), field("height", "uint")],
    ProcessUnit: [
      field("optionsType", "byte"),
      field("options", { union: "options", by: "optionsType" }),
    ],
    NormalizationOptions: [field("mean", "[float]"), field("std", "[float]")],
  },
  unions: {
    properties: new Map(Object.entries(CONTENT_TYPES)),
    options: new Map(Object.entries(PROCESS_TYPES)),
  },
};

/** A file that is packed into the model's. */
export interface AssociatedFile {
  readonly name?: string;
  readonly description?: string;
  readonly type?: number;
}

/** What a tensor's values are. */
export interface TensorContent {
  readonly propertiesType?: number;
  readonly properties?: {
    readonly colorSpace?: number;
    readonly size?: { readonly width?: number; readonly height?: number };
  };
}

/** What is done to a tensor's values before they are given to the graph: (x − mean) / std. */
export interface ProcessUnit {
  readonly optionsType?: number;
  readonly options?: { readonly mean?: readonly number[]; readonly std?: readonly number[] };
}

/** What is known of an input or output. */
export interface TensorMetadata {
  readonly name?: string;
  readonly description?: string;
  readonly content?: TensorContent;
  readonly processUnits?: readonly ProcessUnit[];
  readonly files?: readonly AssociatedFile[];
}

/** What is known of a model. */
export interface ModelMetadata {
  readonly name?: string;
  readonly description?: string;
  readonly subgraphs?: readonly {
    readonly inputs?: readonly TensorMetadata[];
    readonly outputs?: readonly TensorMetadata[];
  }[];
  readonly minParserVersion?: string;
}
