import type { LayerConfig } from "../../model/mod.ts";

/** A JSON object whose members are not known yet. */
export type JsonObject = Record<string, unknown>;

/** Whose options are read, for messages. */
export interface OptionSource {
  /** `reading FILE: layer NAME (CLASS)`. */
  readonly place: string;
  /** First part of the version of Keras that wrote the file. */
  readonly kerasMajor: number;
}

/** Initializers that TensorFlow.js has, Keras' name first where it differs. */
const INITIALIZERS: ReadonlyMap<string, string> = new Map([
  ...[
    "Zeros",
    "Ones",
    "Constant",
    "RandomUniform",
    "RandomNormal",
    "TruncatedNormal",
    "Identity",
    "VarianceScaling",
    "GlorotUniform",
    "GlorotNormal",
    "HeNormal",
    "HeUniform",
    "Orthogonal",
  ].map((name): [string, string] => [name, name]),
  ["LecunNormal", "LeCunNormal"],
  ["LecunUniform", "LeCunUniform"],
  ["OrthogonalInitializer", "Orthogonal"],
  ["IdentityInitializer", "Identity"],
]);

const CONSTRAINTS = new Set(["MaxNorm", "MinMaxNorm", "NonNeg", "UnitNorm"]);

/**
 * Tells a JSON object from arrays, `null` and primitives.
 *
 * @param value Any JSON value.
 * @returns True for an object.
 */
export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/**
 * Brings one option of a layer from Keras' form to TensorFlow.js'. What matters to training alone and has no
 * counterpart there (an initializer, a regularizer, a constraint) is left out.
 *
 * @param option Name of the option.
 * @param value Its value, perhaps an object that Keras serialized.
 * @returns The value; undefined for one to leave out.
 */
export function readOption(option: string, value: unknown): unknown {
  if (option.endsWith("_initializer")) return readInitializer(value);
  if (option.endsWith("_regularizer")) return readRegularizer(value);
  if (option.endsWith("_constraint")) return readConstraint(value);
  if (option === "seed") return typeof value === "number" ? value : null;
  return value;
}

function readInitializer(value: unknown): LayerConfig | undefined {
  if (!isJsonObject(value) || !isJsonObject(value.config)) return undefined;
  const className = INITIALIZERS.get(String(value.class_name));
  if (className === undefined || value.config.distribution === "untruncated_normal") {
    return undefined;
  }
  const { seed, dtype: _, ...config } = value.config;
  const hasSeed = "seed" in value.config;
  return {
    class_name: className,
    config: { ...config, ...(hasSeed && { seed: typeof seed === "number" ? seed : null }) },
  };
}

function readRegularizer(value: unknown): LayerConfig | null {
  if (!isJsonObject(value) || !isJsonObject(value.config)) return null;
  const { l1, l2 } = value.config;
  if (!["L1", "L2", "L1L2"].includes(String(value.class_name))) return null;
  return { class_name: "L1L2", config: { l1: Number(l1 ?? 0), l2: Number(l2 ?? 0) } };
}

function readConstraint(value: unknown): LayerConfig | null {
  if (!isJsonObject(value) || !CONSTRAINTS.has(String(value.class_name))) return null;
  return { class_name: value.class_name, config: value.config };
}
