import { join } from "node:path";
import { fileError, InputError } from "../base/mod.ts";
import { decodeImage } from "./decode_image.ts";
import { hasImageEnding } from "./decoding/image_kind.ts";
import type { FileTree, TreeEntry } from "./file_tree.ts";
import { findSplits, isSplitName } from "./split_names.ts";
import type { DatasetFormat } from "./format.ts";
import type { ImageSource } from "./image_set.ts";

const ENDINGS = ".jpg, .png, .webp, .gif or .bmp";

/**
 * A folder of images per class, with `train/` and `test/` above the classes if there, by any usual name: see
 * {@link findSplits}. Images in no such folder are a dataset without classes; beside folders of classes they are passed over.
 *
 * Classes and images are in the order of their names (UTF-16 code units). Folders below a class belong to it, but for those
 * that are called as splits are: nobody can tell what they mean. Hidden files and folders, and files without an image's
 * ending, are skipped; links are followed. Only paths are kept.
 */
export const folderFormat: DatasetFormat = {
  lookedFor:
    `a folder of ${ENDINGS} files per class, with train/ and test/ above them or not; such files without classes`,
  async open(folder, tree) {
    const folders = await listFolders(tree, folder);
    if (folders.length === 0 && (await listOwnImages(tree, folder)).length === 0) return undefined;
    const { train: trainName, test: testName, others } = findSplits(folder, folders);
    const train = await openSplit(tree, trainName ? join(folder, trainName) : folder);
    const test = testName ? await openSplit(tree, join(folder, testName)) : undefined;
    if (trainName !== undefined && !train.classes && !test && others.length > 0) {
      throw trainAmongClasses(folder, trainName, others);
    }
    if (test) requireSameClasses(folder, [trainName!, train.classes], [testName!, test.classes]);
    const listed = (names: readonly (string | undefined)[]) =>
      names.flatMap((name) => name === undefined ? [] : [`${name}/`]).join(", ");
    const passedOver = `beside ${listed([trainName, testName])}: ${listed(others)} passed over`;
    const notices = trainName === undefined
      ? await noticesOfTwins(tree, folder, train.classes)
      : others.length > 0
      ? [passedOver]
      : [];
    return {
      format: "image folder",
      ...(train.classes && { classes: train.classes, classCount: train.classes.length }),
      isOrderedByName: true,
      train: train.source,
      ...(test && { test: test.source }),
      notices,
    };
  },
};

/** A folder of images called as the train split is, beside other folders: it may be one of the classes. */
function trainAmongClasses(folder: string, train: string, others: readonly string[]): InputError {
  return new InputError(
    `opening ${folder}: found images in ${train}/ itself and ${
      others[0]
    }/ beside it, wanted folders of ` +
      `classes in ${train}/; if ${train} is the name of a class, rename its folder; if its images ` +
      `have no classes, give ${train}/ itself`,
  );
}

/** Folders that all hold folders of the same names may be splits by names that nobody knows here. */
async function noticesOfTwins(
  tree: FileTree,
  folder: string,
  classes: readonly string[] = [],
): Promise<string[]> {
  const below = await Promise.all(classes.map((name) => listFolders(tree, join(folder, name))));
  const [first = [], ...others] = below;
  const areTwins = first.length > 1 && others.length > 0 &&
    others.every((names) => names.join("/") === first.join("/"));
  if (!areTwins) return [];
  const list = (names: readonly string[]) =>
    names.slice(0, 5).join(", ") + (names.length > 5 ? ", …" : "");
  return [
    `${list(classes)} were taken for the classes, and each of them holds the folders ${
      list(first)
    }: ` +
    "if these are the classes, call the folders above them train/ and test/",
  ];
}

/** Images of a split, and the names of their classes when they have any. */
interface Split {
  classes?: string[];
  source: ImageSource;
}

/** Names and classes of both splits. */
type SplitClasses = readonly [name: string, classes: Split["classes"]];

function requireSameClasses(
  folder: string,
  [trainName, train]: SplitClasses,
  [testName, test]: SplitClasses,
): void {
  if (train?.join("/") === test?.join("/")) return;
  if (train === undefined || test === undefined) {
    throw new InputError(
      `opening ${folder}: found folders of classes in ${train ? trainName : testName}/ only, ` +
        `wanted them in both splits or in none; ` +
        `sort the other images into folders of the same names`,
    );
  }
  const stranger = test.find((name) => !train.includes(name));
  const missing = train.find((name) => !test.includes(name));
  throw new InputError(
    `opening ${folder}: found class ${stranger ?? missing} in ` +
      `${
        stranger ? testName : trainName
      }/ only, wanted the same classes in both splits; add the folder there, or remove it here`,
  );
}

async function openSplit(tree: FileTree, folder: string): Promise<Split> {
  const classes = await listFolders(tree, folder);
  if (classes.length === 0) return { source: await openWithoutClasses(tree, folder) };
  const paths: string[] = [];
  const labels: number[] = [];
  for (const [label, name] of classes.entries()) {
    const found = await listImages(tree, join(folder, name), new Set());
    if (found.length === 0) {
      throw new InputError(
        `opening ${join(folder, name)}: found no ${ENDINGS} file, ` +
          `wanted images of class "${name}"; add some or remove the folder`,
      );
    }
    for (const path of found.sort()) {
      paths.push(path);
      labels.push(label);
    }
  }
  return { classes, source: { ...sourceOf(tree, paths), labels: Int32Array.from(labels) } };
}

async function openWithoutClasses(tree: FileTree, folder: string): Promise<ImageSource> {
  const paths = await listOwnImages(tree, folder);
  if (paths.length > 0) return sourceOf(tree, paths.sort());
  throw new InputError(
    `opening ${folder}: found no folders, wanted one folder of images per class, ` +
      `or ${ENDINGS} files without classes; give the folder that has them`,
  );
}

function sourceOf(tree: FileTree, paths: string[]): ImageSource {
  return {
    length: paths.length,
    describe: (index) => paths[index],
    inputs: [{
      kind: "picture",
      decode: async (index, options) => await decodeImage(await tree.read(paths[index]), options),
    }],
  };
}

/** Names of the visible folders in a folder, sorted. */
async function listFolders(tree: FileTree, folder: string): Promise<string[]> {
  const entries = await readEntries(tree, folder);
  return entries.filter(({ isFolder }) => isFolder).map(({ name }) => name).sort();
}

/** Paths of the images in a folder and below; `visited` keeps a link to a parent from being followed for ever. */
async function listImages(
  tree: FileTree,
  folder: string,
  visited: Set<string>,
): Promise<string[]> {
  const realFolder = await tree.realPath(folder);
  if (visited.has(realFolder)) return [];
  visited.add(realFolder);
  const paths: string[] = [];
  for (const entry of await readEntries(tree, folder)) {
    const path = join(folder, entry.name);
    if (entry.isFolder && isSplitName(entry.name)) throw splitInClass(folder, entry.name);
    if (entry.isFolder) paths.push(...await listImages(tree, path, visited));
    else if (isImage(entry)) paths.push(path);
  }
  return paths;
}

/** A folder of a class that holds one called as splits are: the class may be a folder above a data set. */
function splitInClass(folder: string, name: string): InputError {
  return new InputError(
    `opening ${folder}: found a folder ${name}/ in it, wanted images of one class; ` +
      `if ${folder} is the data set, give that folder; if its images are of one class, rename ${name}/; ` +
      `if every class has its own ${name}/, put the folders of the classes into it`,
  );
}

/** Paths of the images that lie in a folder itself. */
async function listOwnImages(tree: FileTree, folder: string): Promise<string[]> {
  const images = (await readEntries(tree, folder)).filter(isImage);
  return images.map(({ name }) => join(folder, name));
}

function isImage({ name, isFolder }: TreeEntry): boolean {
  return !isFolder && hasImageEnding(name);
}

async function readEntries(tree: FileTree, folder: string): Promise<TreeEntry[]> {
  try {
    const entries = await tree.list(folder);
    return entries.filter(({ name }) => !name.startsWith(".") && name !== "__MACOSX");
  } catch (error) {
    throw fileError(`listing ${folder}`, error);
  }
}
