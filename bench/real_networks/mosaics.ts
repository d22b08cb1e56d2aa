import { join } from "node:path";
import { createRandom, type Random } from "../../src/base/mod.ts";
import { decodeImage } from "../../src/data/decode_image.ts";
import { encodePicture } from "../../src/data/mod.ts";

const TILE = 32;

/**
 * Writes images of any size as mosaics of real ones, so that layers see real edges and textures at every size.
 *
 * @param source Folder of 32×32 images, in folders of their classes.
 * @param folder Where the PNG files go.
 * @param count How many.
 * @param size Rows and columns.
 */
export async function writeMosaics(
  source: string,
  folder: string,
  count: number,
  size: number,
): Promise<void> {
  const tiles = await listFiles(source);
  const random = createRandom(0, size);
  await Deno.mkdir(folder, { recursive: true });
  for (let image = 0; image < count; image++) {
    const pixels = await layMosaic(tiles, random, size);
    const picture = { data: pixels, width: size, height: size, channels: 3 as const };
    await Deno.writeFile(join(folder, `${image}.png`), await encodePicture(picture, size));
  }
}

async function layMosaic(tiles: string[], random: Random, size: number): Promise<Uint8Array> {
  const pixels = new Uint8Array(size * size * 3);
  for (let top = 0; top < size; top += TILE) {
    for (let left = 0; left < size; left += TILE) {
      const path = tiles[Math.floor(random() * tiles.length)];
      const { data, channels } = await decodeImage(await Deno.readFile(path));
      for (let pixel = 0; pixel < TILE * TILE; pixel++) {
        const place = (top + Math.floor(pixel / TILE)) * size + left + pixel % TILE;
        const from = pixel * channels;
        pixels.set(data.subarray(from, from + 3), place * 3);
      }
    }
  }
  return pixels;
}

async function listFiles(folder: string): Promise<string[]> {
  const files: string[] = [];
  for await (const { name } of Deno.readDir(folder)) {
    for await (const file of Deno.readDir(join(folder, name))) {
      files.push(join(folder, name, file.name));
    }
  }
  return files.sort();
}
