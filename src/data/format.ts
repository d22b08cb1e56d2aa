import type { InputPreparation } from "../model/mod.ts";
import type { FileTree } from "./file_tree.ts";
import type { ImageSource } from "./image_set.ts";

/** A format's answer when a folder holds it: both splits and the class names. */
export interface OpenedFormat {
  /** Name of the format. */
  format: string;
  /** Class names in the order of the labels; undefined when the format stores none. */
  classes?: string[];
  /** How many classes the labels may have; undefined when the images have none. */
  classCount?: number;
  /** Whether the largest label alone says how many classes there are. */
  isCounted?: boolean;
  /** Whether the images have been held against the network's inputs already; they are pictures otherwise. */
  isFitted?: boolean;
  /** Whether names alone order the classes; otherwise their numbers are stored, and names are for people. */
  isOrderedByName?: boolean;
  /** Whether the labels may be numbers to be predicted instead: whole numbers that are stored as floats. */
  mayBeTargets?: boolean;
  /** Why the images have no classes, where numbers are there that could be labels. */
  whyNoClasses?: string;
  /** What is worth knowing about the data. */
  notices?: readonly string[];
  /** Images for training. */
  train: ImageSource;
  /** Images for the final figures, when the format has them apart. */
  test?: ImageSource;
}

/** One dataset format. */
export interface DatasetFormat {
  /** What it is recognized by, for the message that nothing was. */
  readonly lookedFor: string;
  /**
   * Opens a folder, if it holds this format.
   *
   * @param folder The folder.
   * @param tree What it is a folder of.
   * @param handles Receives the files that stay open.
   * @param inputs What the network reads; absent where none is known yet. Formats of pictures need not look at it.
   * @returns Its splits; undefined when the folder holds something else.
   * @throws {InputError} When the folder holds this format, but damaged.
   */
  open(
    folder: string,
    tree: FileTree,
    handles: DisposableStack,
    inputs?: readonly InputPreparation[],
  ): Promise<OpenedFormat | undefined>;
}

/**
 * Whether a path is a file.
 *
 * @param tree Where it is.
 * @param path The path.
 * @returns False also when nothing is there.
 */
export async function isFile(tree: FileTree, path: string): Promise<boolean> {
  return await tree.kindOf(path).then((kind) => kind === "file", () => false);
}
