import assert from "node:assert/strict";
import { readdir } from "node:fs/promises";
import { dirname, join, relative } from "node:path";
import type { Dataset, DatasetOptions } from "../../src/data/dataset.ts";
import type { DatasetPlace } from "../../src/data/open_format.ts";
import type { FilesInMemory } from "../../src/data/file_tree.ts";
import { openDataset } from "../../src/data/open_dataset.ts";
import { imageInputs, inTempFolder } from "./fixtures.ts";

const SHAPES: DatasetOptions[] = [
  imageInputs(32, 32, 3),
  imageInputs(9, 14, 3),
  imageInputs(40, 33, 1),
];

/**
 * What every dataset format has to do. `write` fills a folder with a labeled dataset that has a train and a test split,
 * and may say in which file it is, or gives one in memory.
 */
export function testDatasetContract(
  format: string,
  write: (folder: string) => Promise<DatasetPlace | void>,
): void {
  const test = (sentence: string, run: (place: DatasetPlace) => Promise<void>) =>
    Deno.test(`${format}: ${sentence}`, () =>
      inTempFolder(async (folder) => {
        const place = await write(folder) ?? folder;
        await run(place);
        if (typeof place === "string") await run(await readIntoMemory(place, folder));
      }));

  test("every image of both splits is read in the shape that was asked for", async (place) => {
    for (const shape of SHAPES) {
      await withDataset(place, shape, async ({ train, test }) => {
        for (const set of [train, test]) {
          assert.ok(set.length > 0);
          const out = set.allocate();
          const [height, width, channels] = shape.inputs[0].shape;
          assert.deepEqual(out, [new Uint8Array(height * width * channels)]);
          for (let index = 0; index < set.length; index++) await set.read(index, out);
        }
      });
    }
  });

  test("labels are class indices, one per image", async (place) => {
    await withDataset(place, SHAPES[0], ({ train, test, classes, heldOut }) => {
      assert.equal(heldOut, false);
      for (const { labels, length } of [train, test]) {
        assert.equal(labels!.length, length);
        assert.ok(labels!.every((label) => label >= 0 && label < classes!.length));
      }
    });
  });

  test("reading twice, or many at once, gives the same bytes", async (place) => {
    await withDataset(place, SHAPES[0], async ({ train }) => {
      const read = async (index: number) => {
        const out = new Uint8Array(3072);
        await train.read(index, [out]);
        return out;
      };
      const indices = Array.from({ length: train.length }, (_, index) => index);
      const together = await Promise.all(indices.map(read));
      for (const index of indices.toReversed()) {
        assert.deepEqual(await read(index), together[index]);
      }
    });
  });

  test("every image has a name of its own that says where it comes from", async (place) => {
    await withDataset(place, SHAPES[0], ({ train, test }) => {
      const names = [train, test].flatMap((set) =>
        Array.from(set.labels!, (_, i) => set.describe(i))
      );
      assert.equal(new Set(names).size, names.length);
      const path = typeof place === "string" ? place : "files" in place ? place.path : "";
      assert.ok(names.every((name) => name.startsWith(path)));
    });
  });

  test("class names of the model in another order move the labels", async (place) => {
    await withDataset(place, SHAPES[0], async (own) => {
      const classes = own.classes!.toReversed();
      await withDataset(place, { ...SHAPES[0], classes }, (turned) => {
        assert.deepEqual(turned.classes, classes);
        turned.train.labels!.forEach((label, index) => {
          assert.equal(classes[label], own.classes![own.train.labels![index]]);
        });
      });
    });
  });
}

/** The same files in memory, half of them as Blobs. */
async function readIntoMemory(place: string, folder: string): Promise<FilesInMemory> {
  const files = new Map<string, Uint8Array | Blob>();
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const bytes = await Deno.readFile(join(entry.parentPath, entry.name));
    const path = relative(dirname(folder), join(entry.parentPath, entry.name));
    files.set(path, files.size % 2 === 0 ? bytes : new Blob([bytes]));
  }
  return { path: relative(dirname(folder), place), files };
}

async function withDataset(
  place: DatasetPlace,
  options: DatasetOptions,
  run: (dataset: Dataset) => void | Promise<void>,
): Promise<void> {
  const dataset = await openDataset(place, options);
  try {
    await run(dataset);
  } finally {
    dataset.close();
  }
}
