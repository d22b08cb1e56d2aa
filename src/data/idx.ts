import { join } from "node:path";
import { InputError } from "../base/mod.ts";
import { countLabels } from "./classes.ts";
import type { FileTree } from "./file_tree.ts";
import { type DatasetFormat, isFile, type OpenedFormat } from "./format.ts";
import type { ImageSource } from "./image_set.ts";
import { type RecordFile, wrapBytes } from "./record_file.ts";

const IMAGE_MAGIC = 0x00000803;
const LABEL_MAGIC = 0x00000801;

/** Splits by the names of their files; MNIST calls its test split t10k. */
const SPLIT_PREFIXES = { train: ["train"], test: ["t10k", "test"] };

/**
 * IDX files (LeCun's MNIST, Fashion-MNIST, EMNIST digits), as they are or gzipped; the content tells which.
 *
 *     images   00 00 08 03 | count | rows | columns | one byte per pixel …
 *     labels   00 00 08 01 | count | one byte per image …           (big-endian 32-bit integers)
 *
 * Plain images are read at their place when asked for. Gzipped ones cannot be, and are held in memory unpacked, one
 * byte per pixel, from the moment they are opened.
 */
export const idxFormat: DatasetFormat = {
  lookedFor: "IDX files (train-images-idx3-ubyte …, also .gz)",
  async open(folder, tree, handles) {
    const openPrefixes = (prefixes: string[]) => openSplit(folder, prefixes, tree, handles);
    const train = await openPrefixes(SPLIT_PREFIXES.train);
    if (!train) return undefined;
    const test = await openPrefixes(SPLIT_PREFIXES.test);
    const classCount = Math.max(countLabels(train), test ? countLabels(test) : 0);
    return {
      format: "IDX",
      classCount,
      isCounted: true,
      train,
      ...(test && { test }),
    } satisfies OpenedFormat;
  },
};

async function openSplit(
  folder: string,
  prefixes: string[],
  tree: FileTree,
  handles: DisposableStack,
): Promise<ImageSource | undefined> {
  for (const prefix of prefixes) {
    const images = await findFile(tree, folder, `${prefix}-images`, "idx3-ubyte");
    const labels = await findFile(tree, folder, `${prefix}-labels`, "idx1-ubyte");
    if (images && labels) return await openPair([images, labels], tree, handles);
    if (images || labels) {
      throw new InputError(
        `opening ${folder}: found ${images ?? labels}, wanted ${prefix}-images-idx3-ubyte and ` +
          `${prefix}-labels-idx1-ubyte together; add the file that is missing`,
      );
    }
  }
}

async function findFile(
  tree: FileTree,
  folder: string,
  stem: string,
  type: string,
): Promise<string | undefined> {
  for (const name of [`${stem}-${type}`, `${stem}.${type}`]) {
    for (const ending of ["", ".gz"]) {
      const path = join(folder, name + ending);
      if (await isFile(tree, path)) return path;
    }
  }
}

async function openPair(
  [imagesPath, labelsPath]: readonly [string, string],
  tree: FileTree,
  handles: DisposableStack,
): Promise<ImageSource> {
  const images = openIdx(await openPlain(imagesPath, tree, handles), IMAGE_MAGIC, 3);
  const labelRecords = await openPlain(labelsPath, tree, handles);
  const { file: labelFile, extents: [count] } = openIdx(labelRecords, LABEL_MAGIC, 1);
  const [imageCount, height, width] = images.extents;
  if (imageCount !== count || count === 0) {
    throw new InputError(
      `opening ${imagesPath}: found ${imageCount} images and ${count} labels in ${labelsPath}, ` +
        `wanted as many of both, at least one; download both files again`,
    );
  }
  const labels = new Uint8Array(count);
  labelFile.readAt(8, labels);
  return {
    length: count,
    labels: Int32Array.from(labels),
    describe: (index) => `${imagesPath}, image ${index}`,
    describeLabel: (index) => `${labelsPath}, image ${index}`,
    inputs: [{
      kind: "picture",
      decode(index) {
        const data = new Uint8Array(height * width);
        images.file.readAt(16 + index * data.length, data);
        return { data, height, width, channels: 1 };
      },
    }],
  };
}

/** Opens a file, unpacked. */
async function openPlain(
  path: string,
  tree: FileTree,
  handles: DisposableStack,
): Promise<RecordFile> {
  const stored = await tree.openRecords(path, handles);
  const start = new Uint8Array(Math.min(2, stored.length));
  stored.readAt(0, start);
  const isGzip = start[0] === 0x1f && start[1] === 0x8b;
  return isGzip ? wrapBytes(path, await unpack(path, tree)) : stored;
}

/** Reads the header of an IDX file and checks that the file is as long as it says. */
function openIdx(file: RecordFile, magic: number, axes: number) {
  const { path } = file;
  const headerBytes = 4 + 4 * axes;
  const header = new Uint8Array(headerBytes);
  file.readAt(0, header);
  const view = new DataView(header.buffer);
  if (view.getUint32(0) !== magic) {
    throw new InputError(
      `reading ${path}: found magic number ${hex(view.getUint32(0))}, wanted ${
        hex(magic)
      }; the file is no IDX file of this kind, download it again`,
    );
  }
  const extents = Array.from({ length: axes }, (_, axis) => view.getUint32(4 + 4 * axis));
  const wanted = headerBytes + extents.reduce((product, extent) => product * extent, 1);
  if (file.length !== wanted) {
    throw new InputError(
      `reading ${path}: found ${file.length} bytes, wanted ${wanted} for ${extents.join("×")}; ` +
        `the file is damaged, download it again`,
    );
  }
  return { file, extents };
}

function hex(value: number): string {
  return `0x${value.toString(16).padStart(8, "0")}`;
}

async function unpack(path: string, tree: FileTree): Promise<Uint8Array> {
  try {
    const packed = new Blob([await tree.read(path)]).stream();
    const unpacked = packed.pipeThrough(new DecompressionStream("gzip"));
    return new Uint8Array(await new Response(unpacked).arrayBuffer());
  } catch (error) {
    throw new InputError(
      `unpacking ${path}: ${(error as Error).message}; the file is damaged, download it again`,
      { cause: error },
    );
  }
}
