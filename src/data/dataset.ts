/** Size of the images a network reads. */
export interface ImageShape {
  /** Rows. */
  height: number;
  /** Columns. */
  width: number;
  /** 1 (grey) or 3 (RGB). */
  channels: number;
}

/** Images that are read one by one; nothing decoded is kept. */
export interface ImageSet {
  /** How many images there are. */
  readonly length: number;
  /** Class index of every image; absent where the images have no classes. */
  readonly labels?: Int32Array;
  /** Whether the images are what the network reads, floats that need no preprocessing. */
  readonly isPrepared?: boolean;
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
   * @param out Receives height × width × channels bytes, RGB or grey, or floats of images that are prepared.
   * @throws {InputError} When the image cannot be read or decoded.
   */
  read(index: number, out: Uint8Array | Float32Array): Promise<void>;
}

/** A dataset with its two splits. */
export interface Dataset {
  /** Name of the format, such as `CIFAR-10` or `image folder`. */
  format: string;
  /** Class names, a label is an index into them; absent where the images have no classes. */
  classes?: string[];
  /** Images for calibration, training and search. */
  train: ImageSet;
  /** Images for the final figures. */
  test: ImageSet;
  /** True when no test split existed and a fifth of the images was set aside for it. */
  heldOut: boolean;
  /** Closes the files; no image can be read afterwards. */
  close(): void;
}

/** How a dataset is to be opened: the shape the network reads and, when known, its outputs and their names. */
export interface DatasetOptions extends ImageShape {
  /** Class names in the order of the network's outputs; labels follow them when the dataset has the same names. */
  classes?: string[];
  /** Outputs of the network; a label beyond them is refused. */
  outputs?: number;
}
