import type { ModelFile } from "../../src/model/model_file.ts";
import { encodePng, inTempFolder, randomBytes, writeFile } from "../data/fixtures.ts";
import { buildNetworkFile, type HeadName, type NetworkName } from "./networks.ts";

const CLASSES = ["a", "b", "c", "d"];

/** 8×8 color images of noise, `train` and `test` per class. */
async function writeNoise(folder: string, counts: { train: number; test: number }) {
  for (const [split, count] of Object.entries(counts)) {
    for (const [label, name] of CLASSES.entries()) {
      for (let number = 0; number < count; number++) {
        const seed = 1000 * label + number + (split === "test" ? 500 : 0);
        const png = encodePng(randomBytes(192, seed), { width: 8, height: 8, colorType: 2 });
        await writeFile(`${folder}/${split}/${name}/${number}.png`, png);
      }
    }
  }
}

/** A small network that reads these images. */
export async function noisyNetwork(
  name: NetworkName | HeadName,
  seed?: number,
): Promise<ModelFile> {
  const file = await buildNetworkFile(name, seed);
  const preprocess = { mean: [127], std: [74], inputSize: [8, 8] };
  return { ...file, metadata: { preprocess, classes: CLASSES } };
}

/** Hands a test a folder with 120 training and 30 test images without classes. */
export const withUnlabeledNoise = (run: (data: string, folder: string) => Promise<void>) => () =>
  inTempFolder(async (folder) => {
    for (const [split, count, seed] of [["train", 120, 0], ["test", 30, 500]] as const) {
      for (let number = 0; number < count; number++) {
        const pixels = drawGradient(seed + number);
        const png = encodePng(pixels, { width: 8, height: 8, colorType: 2 });
        await writeFile(`${folder}/data/${split}/${number}.png`, png);
      }
    }
    await run(`${folder}/data`, folder);
  });

/** Noise over a brightness of its own on either side: networks answer it differently image by image. */
function drawGradient(seed: number): Uint8Array {
  const [left, right] = randomBytes(2, 10_000 + seed);
  return randomBytes(192, seed).map((value, index) =>
    (value + 2 * (Math.floor(index / 3) % 8 < 4 ? left : right)) / 3
  );
}

/** Hands a test a folder with 160 training and 40 test images, and an empty folder to write into. */
export const withNoise = (run: (data: string, folder: string) => Promise<void>) => () =>
  inTempFolder(async (folder) => {
    await writeNoise(`${folder}/data`, { train: 40, test: 10 });
    await Deno.mkdir(`${folder}/out`);
    await run(`${folder}/data`, `${folder}/out`);
  });
