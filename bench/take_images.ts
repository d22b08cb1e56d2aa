import { join } from "node:path";
import { statFile } from "../src/base/mod.ts";

/** Test images, as a share of those to train with. */
const TEST_SHARE = 0.2;

/**
 * Copies the first images of every class of a data set of folders.
 *
 * @param source Folder with `train` and `test`, each with a folder per class.
 * @param folder Where they go; what is there is taken as it is.
 * @param count Training images of all classes; a fifth of that are test images.
 * @returns The folder.
 */
export async function takeImages(source: string, folder: string, count: number): Promise<string> {
  if (await statFile(folder)) return folder;
  const unfinished = `${folder}.unfinished`;
  for (const [split, wanted] of [["train", count], ["test", TEST_SHARE * count]] as const) {
    const classes = namesIn(join(source, split));
    for (const name of classes) {
      const own = join(unfinished, split, name);
      await Deno.mkdir(own, { recursive: true });
      const images = namesIn(join(source, split, name));
      for (const image of images.slice(0, Math.ceil(wanted / classes.length))) {
        await Deno.copyFile(join(source, split, name, image), join(own, image));
      }
    }
  }
  await Deno.rename(unfinished, folder);
  return folder;
}

function namesIn(folder: string): string[] {
  return Array.from(Deno.readDirSync(folder), ({ name }) => name).sort();
}
