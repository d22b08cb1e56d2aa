/**
 * Writes the embedded images: the first of both splits of Fashion-MNIST, as gzipped IDX files.
 *
 *     deno run --allow-read --allow-write cli/example/make_data.ts FOLDER
 *
 * FOLDER holds the four `.gz` files of Fashion-MNIST, as Debian's package `dataset-fashion-mnist` has them in
 * /usr/share/datasets/fashion-mnist.
 */
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { gunzipSync, gzipSync } from "node:zlib";

const COUNTS = { train: 5000, t10k: 2000 };
const [IMAGE_BYTES, IMAGES_HEADER, LABELS_HEADER] = [28 * 28, 16, 8];
const OUT = fileURLToPath(new URL("./fashion-mnist", import.meta.url));

/** Keeps the first records of an IDX file; its second word says how many there are. */
async function keepFirst(name: string, header: number, recordBytes: number, count: number) {
  const content = gunzipSync(await Deno.readFile(join(Deno.args[0], name)));
  const kept = content.subarray(0, header + count * recordBytes);
  new DataView(kept.buffer, kept.byteOffset).setUint32(4, count);
  await Deno.writeFile(join(OUT, name), gzipSync(kept, { level: 9 }));
}

for (const [split, count] of Object.entries(COUNTS)) {
  await keepFirst(`${split}-images-idx3-ubyte.gz`, IMAGES_HEADER, IMAGE_BYTES, count);
  await keepFirst(`${split}-labels-idx1-ubyte.gz`, LABELS_HEADER, 1, count);
}
