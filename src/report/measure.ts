/** What a network is measured by. */
export interface Measure {
  /** Its name at the head of a chart. */
  readonly title: string;
  /** Its name on an axis and in a table. */
  readonly name: string;
  /** What it says of a network that a run wrote. */
  readonly meaning: string;
  /** The larger number is the better network. */
  qualityOf(share: number): number;
}

/** Where images are classified. */
export const ACCURACY: Measure = {
  title: "Accuracy",
  name: "accuracy",
  meaning: "the share of the test images answered rightly",
  qualityOf: (share) => share,
};

/** Where outputs are compared: models without classes, images without labels. */
export const OUTPUT_ERROR: Measure = {
  title: "Relative error",
  name: "relative error",
  meaning:
    "how far the outputs for the test images are from those of the run's reference, which is the " +
    "network that was given to prune, or the teacher of finetune",
  qualityOf: (share) => -share,
};

/** The figures of a network on some images, of which either measure takes its own. */
export interface Measured {
  /** Share of images classified wrongly, or relative error of the outputs. */
  readonly error: number;
  /** Share of images classified rightly; absent where outputs are compared. */
  readonly accuracy?: number;
}

/** What networks were measured by that were all measured alike. */
export function measureOf([first]: readonly { readonly accuracy?: number }[]): Measure {
  return first?.accuracy === undefined ? OUTPUT_ERROR : ACCURACY;
}

/** What a network has by its measure. */
export function shareOf({ accuracy, error }: Measured): number {
  return accuracy ?? error;
}
