import { parseJson } from "../../base/mod.ts";
import type { ModelFile } from "../../model/mod.ts";

/** The property under which `userDefinedMetadata` stands as JSON. */
const METADATA_KEY = "secateur.metadata";

/**
 * The model's own metadata out of the properties of a file.
 *
 * @param properties Texts by name.
 * @returns `userDefinedMetadata`, where Secateur wrote it; nothing otherwise.
 */
export function readMetadata(
  properties: ReadonlyMap<string, string>,
): Pick<ModelFile, "metadata"> {
  try {
    const metadata: unknown = parseJson(properties.get(METADATA_KEY) ?? "null");
    const isObject = typeof metadata === "object" && metadata !== null && !Array.isArray(metadata);
    return isObject ? { metadata: metadata as Record<string, unknown> } : {};
  } catch {
    return {};
  }
}

/**
 * The properties of a file: all metadata as JSON, and beside that what other programs can read without it,
 * preprocessing and classes.
 *
 * @param metadata `userDefinedMetadata` of the model.
 * @returns Texts by name.
 */
export function writeMetadata(metadata: ModelFile["metadata"]): Map<string, string> {
  const properties = new Map<string, string>();
  if (metadata === undefined) return properties;
  properties.set(METADATA_KEY, JSON.stringify(metadata));
  for (const key of ["preprocess", "classes"]) {
    if (metadata[key] !== undefined) properties.set(key, JSON.stringify(metadata[key]));
  }
  return properties;
}
