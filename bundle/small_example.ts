import { gunzipSync, gzipSync } from "node:zlib";

/** Images of each file that the package keeps: enough for the demo, and less to download. */
const KEPT: Readonly<Record<string, number>> = { train: 2000, t10k: 1000 };

/** Bytes ahead of the items of an IDX file, by what it has. */
const HEADER_BYTES: Readonly<Record<string, number>> = { labels: 8, images: 16 };

/** Where the header of an IDX file has the number of items. */
const COUNT_AT = 4;

/**
 * Keeps the first items of a file of the example.
 *
 * @param name The file's name, such as `train-images-idx3-ubyte.gz`; a file of another kind is given back as it is.
 * @param packed Its content.
 * @returns The content of the shorter file.
 */
export function shortenExample(
  name: string,
  packed: Uint8Array<ArrayBuffer>,
): Uint8Array<ArrayBuffer> {
  const [, split, kind] = name.match(/(?:^|\/)(train|t10k)-(images|labels)-[^/]*\.gz$/) ?? [];
  if (split === undefined) return packed;
  const file = gunzipSync(packed);
  const header = HEADER_BYTES[kind];
  const itemBytes = (file.length - header) / file.readUInt32BE(COUNT_AT);
  const shorter = file.subarray(0, header + KEPT[split] * itemBytes);
  shorter.writeUInt32BE(KEPT[split], COUNT_AT);
  return new Uint8Array(gzipSync(shorter, { level: 9 }));
}
