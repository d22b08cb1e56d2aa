import { zipSync } from "fflate";
import { InputError, readZip, requireModestSize } from "../../base/mod.ts";

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
  const names = new Set<string>();
  const wanted = new Set(Object.values(PARTS));
  const files = readZip({ bytes, path, kind: ".keras file" }, (entry) => {
    names.add(entry.name);
    if (!wanted.has(entry.name)) return false;
    requireModestSize(entry, path);
    return true;
  });
  const [config, metadata, weights] = [PARTS.config, PARTS.metadata, PARTS.weights]
    .map((name) => files.get(name));
  if (!config || !weights) throw missingPart(names, config ? PARTS.weights : PARTS.config, path);
  return { config, weights, ...(metadata && { metadata }) };
}

function missingPart(entries: ReadonlySet<string>, part: string, path: string): InputError {
  const names = [...entries].slice(0, 5).join(", ");
  const isSharded = entries.has("model.weights.json");
  return new InputError(
    `reading ${path}: found a zip archive with ${names || "no entries"}, ` +
      `wanted a .keras file with ${part}; ` +
      (isSharded ? "save it without max_shard_size" : "save the model with model.save()"),
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
