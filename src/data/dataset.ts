import type { Notice } from "../base/mod.ts";
import type { InputPreparation } from "../model/mod.ts";

/** Size of the images a network reads. */
export interface ImageShape {
  /** Rows. */
  height: number;
  /** Columns. */
  width: number;
  /** 1 (gray), 3 (RGB) or another number of bands. */
  channels: number;
}

/** Numbers of an image, or of what else an input reads: bytes, or floats. */
export type InputValues = Uint8Array | Float32Array;

/**
 * Images that are read one by one. For a network with several inputs an image is what all of
 * them read.
 */
export interface ImageSet {
  /** How many images there are. */
  readonly length: number;
  /** Class index of every image; absent where the images have no classes. */
  readonly labels?: Int32Array;
  /** Makes room for an image, an array for every input: floats where the data has floats, else bytes. */
  allocate(): InputValues[];
  /**
   * Where an image comes from, for messages.
   *
   * @param index Which image.
   * @returns A path, or a file and the number of the record in it.
   */
  describe(index: number): string;
  /**
   * Decodes an image and brings it to the size the dataset was opened with.
   *
   * @param index Which image.
   * @param out What {@link allocate} has made: receives height × width × channels numbers, or as many as the input reads.
   * @throws {InputError} When the image cannot be read or decoded.
   */
  read(index: number, out: readonly InputValues[]): Promise<void>;
}

/** A dataset with its two splits. */
export interface Dataset {
  /** Name of the format, such as `CIFAR-10` or `image folder`. */
  format: string;
  /** Class names, a label is an index into them; absent where the images have no classes. */
  classes?: string[];
  /** Why they have none, where numbers are there that could be labels. */
  whyNoClasses?: string;
  /** Images for calibration, training and search. */
  train: ImageSet;
  /** Images for the final figures. */
  test: ImageSet;
  /** True when no test split existed and a fifth of the images was set aside for it. */
  heldOut: boolean;
  /** What is worth knowing about it. */
  notices: readonly Notice[];
  /** Closes the files; no image can be read afterwards. */
  close(): void;
}

/** How a dataset is to be opened: what the network reads and, when known, its outputs and their names. */
export interface DatasetOptions {
  /** The network's inputs. */
  inputs: readonly InputPreparation[];
  /** Class names in the order of the network's outputs; labels follow them when the dataset has the same names. */
  classes?: string[];
  /** Outputs of the network; a label beyond them is refused. */
  outputs?: number;
}
