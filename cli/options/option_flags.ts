import type { OptionWords } from "../../src/mod.ts";

/** What the command line calls the options of the library that its messages name. */
export const OPTION_FLAGS: OptionWords = {
  names: {
    batches: "--nb-batches",
    batchSize: "--batch-size",
    blobs: "--blobs",
    data: "--data",
    force: "--force",
    inputSize: "--input-size",
    labels: "--no-labels",
    mean: "--mean",
    net: "--net",
    originalTeacher: "--enbl-dst",
    pointsPerImage: "--nb-points-per-layer",
    preset: "--preprocess",
    quantize: "--quantize",
    queue: "--queue",
    ratio: "--uniform-preserve-ratio",
    reference: "--reference",
    resume: "--resume",
    scale: "--scale",
    share: "--budget",
    shift: "--shift",
    skip: "--skip",
    std: "--std",
    target: "--target",
    teacher: "--teacher",
    validationImages: "--validation-images",
    workers: "--workers",
  },
  nameForInput: (flag, input) => `${flag} ${input}=…`,
};
