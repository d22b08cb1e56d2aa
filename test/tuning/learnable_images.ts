import { encodePng, inTempFolder, randomBytes, writeFile } from "../data/fixtures.ts";

/** Names of the classes. */
export const CLASSES = ["bright", "dark", "left", "right"];

/** Noise that a small network can tell apart: light or dark as a whole, or light on one side. */
function drawImage(label: number, seed: number): Uint8Array {
  const pixels = randomBytes(192, seed).map((value, index) => {
    const isLeft = Math.floor(index / 3) % 8 < 4;
    const isLight = label === 0 || label === 2 && isLeft || label === 3 && !isLeft;
    return (value >> 1) + (isLight ? 128 : 0);
  });
  return encodePng(pixels, { width: 8, height: 8, colorType: 2 });
}

/** Hands a test a folder with 100 training and 20 test images, and a folder to write into. */
export const withData = (run: (data: string, folder: string) => Promise<void>) => () =>
  inTempFolder(async (folder) => {
    for (const [split, count] of [["train", 25], ["test", 5]] as const) {
      for (const [label, name] of CLASSES.entries()) {
        for (let number = 0; number < count; number++) {
          const seed = 1000 * label + number + (split === "test" ? 500 : 0);
          await writeFile(`${folder}/data/${split}/${name}/${number}.png`, drawImage(label, seed));
        }
      }
    }
    await run(`${folder}/data`, folder);
  });
