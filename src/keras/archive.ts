import { unzipSync, zipSync } from "fflate";
import { InputError } from "../errors.ts";

/** The parts of a `.keras` file. */
export interface KerasArchive {
  /** The model's graph. */
  config: Uint8Array;
  /** Version of Keras and what else the writer noted. */
  metadata?: Uint8Array;
  /** The weights, an HDF5 file. */
  weights: Uint8Array;
}

const PARTS = { config: "config.json", metadata: "metadata.json", weights: "model.weights.h5" };

/** Largest graph: 64 MiB of JSON. */
const MAX_JSON_BYTES = 64 * 1024 * 1024;

/** JSON shrinks to a fiftieth at best, trained weights hardly at all. */
const MAX_INFLATION = 200;

/**
 * Tells a zip archive by its first bytes.
 *
 * @param bytes Any file.
 * @returns True for an archive that has entries.
 */
export function isZip(bytes: Uint8Array): boolean {
  return [0x50, 0x4b, 0x03, 0x04].every((value, index) => bytes[index] === value);
}

/**
 * Takes the parts of a `.keras` file out of it. Nothing is written to disk, and an entry gets no more memory than it
 * declares.
 *
 * @param bytes The whole file.
 * @param path Path of the file, for messages.
 * @returns The parts, inflated.
 * @throws {InputError} When the archive is damaged, an entry is named twice or leaves the archive, declares more than
 * its bytes can hold, or a part is missing.
 */
export function readArchive(bytes: Uint8Array, path: string): KerasArchive {
  const sizes = new Map<string, number>();
  const wanted = new Set(Object.values(PARTS));
  const filter = (entry: { name: string; size: number; originalSize: number }) => {
    requirePlainName(entry.name, path);
    if (sizes.has(entry.name)) throw damaged(path, `the entry ${entry.name} twice`);
    sizes.set(entry.name, entry.originalSize);
    if (!wanted.has(entry.name)) return false;
    requireSize(entry, path);
    return true;
  };
  const files = unzip(bytes, filter, path);
  for (const [name, content] of Object.entries(files)) {
    if (content.length !== sizes.get(name)) {
      throw damaged(path, `${content.length} bytes in ${name}`, `${sizes.get(name)}`);
    }
  }
  const { [PARTS.config]: config, [PARTS.metadata]: metadata, [PARTS.weights]: weights } = files;
  if (!config || !weights) throw missingPart(sizes, config ? PARTS.weights : PARTS.config, path);
  return { config, weights, ...(metadata && { metadata }) };
}

function unzip(
  bytes: Uint8Array,
  filter: (entry: { name: string; size: number; originalSize: number }) => boolean,
  path: string,
): Record<string, Uint8Array> {
  try {
    return unzipSync(bytes, { filter });
  } catch (error) {
    if (error instanceof InputError) throw error;
    throw damaged(path, `an archive that does not inflate (${(error as Error).message})`);
  }
}

function requirePlainName(name: string, path: string): void {
  const isPlain = !/^[\\/]|^[a-z]:|\0/i.test(name) && !name.split(/[\\/]/).includes("..");
  if (isPlain) return;
  throw new InputError(
    `reading ${path}: found the entry ${JSON.stringify(name)}, wanted names inside the archive; ` +
      `do not use this file`,
  );
}

function requireSize(
  { name, size, originalSize }: { name: string; size: number; originalSize: number },
  path: string,
): void {
  const isJson = name.endsWith(".json");
  if (originalSize <= size * MAX_INFLATION && !(isJson && originalSize > MAX_JSON_BYTES)) return;
  throw new InputError(
    `reading ${path}: found ${name} of ${originalSize} bytes in ${size}, wanted at most ` +
      `${
        isJson ? `${MAX_JSON_BYTES} and ` : ""
      }${MAX_INFLATION} times as many; do not use this file`,
  );
}

function missingPart(entries: Map<string, number>, part: string, path: string): InputError {
  const names = [...entries.keys()].slice(0, 5).join(", ");
  const isSharded = entries.has("model.weights.json");
  return new InputError(
    `reading ${path}: found a zip archive with ${names || "no entries"}, ` +
      `wanted a .keras file with ${part}; ` +
      (isSharded ? "save it without max_shard_size" : "save the model with model.save()"),
  );
}

function damaged(path: string, found: string, wanted = "an intact .keras file"): InputError {
  return new InputError(
    `reading ${path}: found ${found}, wanted ${wanted}; the file is damaged, copy it again`,
  );
}

/**
 * Puts the parts of a `.keras` file together; as in Keras, nothing is compressed.
 *
 * @param archive The parts.
 * @returns The file; the same parts give the same bytes.
 * @throws {RangeError} When the weights take 4 GiB or more, which needs another kind of archive.
 */
export function writeArchive({ config, metadata, weights }: KerasArchive): Uint8Array {
  const total = config.length + weights.length;
  if (total >= 0xffff_0000) {
    throw new RangeError(`writing a .keras file: found ${total} bytes, wanted less than 4 GiB`);
  }
  const files = {
    ...(metadata && { [PARTS.metadata]: metadata }),
    [PARTS.config]: config,
    [PARTS.weights]: weights,
  };
  return zipSync(files, { level: 0, mtime: new Date(1980, 0, 1) });
}
