import { basename, join } from "node:path";
import { InputError } from "../base/mod.ts";
import type { FileTree } from "./file_tree.ts";
import type { RawImage } from "./fit_image.ts";
import { type DatasetFormat, isFile, type OpenedFormat } from "./format.ts";
import type { ImageSource } from "./image_set.ts";
import type { RecordFile } from "./record_file.ts";

const SIDE = 32;
const PLANE = SIDE * SIDE;
const RECORDS_PER_READ = 256;

/** How the records of one CIFAR variant are laid out. */
interface CifarLayout {
  format: string;
  classCount: number;
  /** Bytes before the pixels; the last of them is the label (CIFAR-100 has the coarse label first). */
  labelBytes: number;
  /** File with a class name per line. */
  namesFile: string;
}

const CIFAR_10: CifarLayout = {
  format: "CIFAR-10",
  classCount: 10,
  labelBytes: 1,
  namesFile: "batches.meta.txt",
};

const CIFAR_100: CifarLayout = {
  format: "CIFAR-100",
  classCount: 100,
  labelBytes: 2,
  namesFile: "fine_label_names.txt",
};

/**
 * CIFAR-10 and CIFAR-100 in their binary versions (Krizhevsky 2009), also one folder down, as the archives unpack.
 *
 *     CIFAR-10    label           | 1024 red | 1024 green | 1024 blue
 *     CIFAR-100   coarse | fine   | 1024 red | 1024 green | 1024 blue
 *
 * Labels are read when it is opened, pixels at their place in the file when they are asked for.
 */
export const cifarFormat: DatasetFormat = {
  lookedFor: "CIFAR binaries (data_batch_1.bin …, or train.bin and test.bin)",
  async open(folder, tree, handles) {
    for (const place of [folder, join(folder, "cifar-10-batches-bin")]) {
      const batches = await findBatches(tree, place);
      if (batches.length === 0) continue;
      const names = { train: batches, test: "test_batch.bin" };
      return await openLayout(CIFAR_10, place, names, tree, handles);
    }
    for (const place of [folder, join(folder, "cifar-100-binary")]) {
      if (!await isFile(tree, join(place, "train.bin"))) continue;
      const names = { train: ["train.bin"], test: "test.bin" };
      return await openLayout(CIFAR_100, place, names, tree, handles);
    }
  },
};

/** Training batches of CIFAR-10: those there are, without a gap. */
async function findBatches(tree: FileTree, folder: string): Promise<string[]> {
  const names = [1, 2, 3, 4, 5].map((number) => `data_batch_${number}.bin`);
  const found = await Promise.all(names.map((name) => isFile(tree, join(folder, name))));
  const last = found.lastIndexOf(true);
  const missing = found.indexOf(false);
  if (missing >= 0 && missing < last) {
    throw new InputError(
      `opening ${folder}: found ${names[last]} but no ${names[missing]}; unpack the archive again`,
    );
  }
  return names.slice(0, last + 1);
}

async function openLayout(
  layout: CifarLayout,
  folder: string,
  files: { readonly train: readonly string[]; readonly test: string },
  tree: FileTree,
  handles: DisposableStack,
): Promise<OpenedFormat> {
  const openAll = async (names: readonly string[]) => {
    const paths = names.map((name) => join(folder, name));
    return createSource(
      layout,
      await Promise.all(paths.map((path) => tree.openRecords(path, handles))),
    );
  };
  const train = await openAll(files.train);
  const hasTest = await isFile(tree, join(folder, files.test));
  const names = await readNames(tree, join(folder, layout.namesFile), layout.classCount);
  return {
    format: layout.format,
    classCount: layout.classCount,
    train,
    ...(names && { classes: names }),
    ...(hasTest && { test: await openAll([files.test]) }),
  };
}

async function readNames(
  tree: FileTree,
  path: string,
  count: number,
): Promise<string[] | undefined> {
  if (!await isFile(tree, path)) return undefined;
  const text = new TextDecoder().decode(await tree.read(path));
  const names = text.split("\n").map((line) => line.trim()).filter((line) => line !== "");
  if (names.length === count) return names;
  throw new InputError(
    `reading ${path}: found ${names.length} class names, wanted ${count}; unpack the archive again`,
  );
}

function createSource(layout: CifarLayout, files: RecordFile[]): ImageSource {
  const labeled = files.map((file) => ({ file, labels: readLabels(layout, file) }));
  const starts = [0];
  for (const { labels } of labeled) starts.push(starts[starts.length - 1] + labels.length);
  const labels = new Int32Array(starts[files.length]);
  labeled.forEach((part, index) => labels.set(part.labels, starts[index]));
  const locate = (index: number) => {
    const position = starts.findLastIndex((start) => start <= index);
    return { file: files[position], record: index - starts[position] };
  };
  return {
    length: labels.length,
    labels,
    describe(index) {
      const { file, record } = locate(index);
      return `${file.path}, record ${record}`;
    },
    inputs: [{
      kind: "picture",
      decode(index) {
        const { file, record } = locate(index);
        return readPixels(layout, file, record);
      },
    }],
  };
}

function readLabels(layout: CifarLayout, file: RecordFile): Int32Array {
  const recordBytes = layout.labelBytes + 3 * PLANE;
  const count = file.length / recordBytes;
  if (count === 0 || !Number.isInteger(count)) {
    throw new InputError(
      `reading ${file.path}: found ${file.length} bytes, wanted a multiple of ${recordBytes} ` +
        `(one ${layout.format} record); the file is truncated, unpack it again`,
    );
  }
  const labels = new Int32Array(count);
  const records = new Uint8Array(Math.min(count, RECORDS_PER_READ) * recordBytes);
  for (let start = 0; start < count; start += RECORDS_PER_READ) {
    const size = Math.min(RECORDS_PER_READ, count - start);
    file.readAt(start * recordBytes, records.subarray(0, size * recordBytes));
    for (let record = 0; record < size; record++) {
      const label = records[record * recordBytes + layout.labelBytes - 1];
      if (label >= layout.classCount) {
        throw new InputError(
          `reading ${file.path}: found label ${label} in record ${start + record}, ` +
            `wanted 0 to ${layout.classCount - 1} (${
              basename(file.path)
            } of ${layout.format}); unpack the archive again, or move the file elsewhere`,
        );
      }
      labels[start + record] = label;
    }
  }
  return labels;
}

function readPixels(layout: CifarLayout, file: RecordFile, record: number): RawImage {
  const planes = new Uint8Array(3 * PLANE);
  file.readAt(record * (layout.labelBytes + 3 * PLANE) + layout.labelBytes, planes);
  const data = new Uint8Array(3 * PLANE);
  for (let pixel = 0; pixel < PLANE; pixel++) {
    data[pixel * 3] = planes[pixel];
    data[pixel * 3 + 1] = planes[PLANE + pixel];
    data[pixel * 3 + 2] = planes[2 * PLANE + pixel];
  }
  return { data, height: SIDE, width: SIDE, channels: 3 };
}
