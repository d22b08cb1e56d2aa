import type { OptionWords } from "../src/browser.ts";

/** What stands for an option that only other ways to use the library have. */
const NOT_HERE = "a setting that this page does not have";

/** What the page calls the options of the library that its messages name: where they are set on it. */
export const OPTION_LABELS: OptionWords = {
  names: {
    batch: '"Images at once"',
    batches: '"Images for the statistics"',
    batchSize: '"Images for the statistics"',
    blobs: NOT_HERE,
    classes: "a labels.txt among the files of the model",
    data: "images",
    dataFolder: NOT_HERE,
    force: NOT_HERE,
    format: NOT_HERE,
    inputSize: '"Input size"',
    labels: 'switching off "Use the classes"',
    latencyTable: NOT_HERE,
    maxDrop: NOT_HERE,
    maxError: NOT_HERE,
    mean: '"Pixel values"',
    net: NOT_HERE,
    originalTeacher: '"Epochs of tuning"',
    preset: '"Pixel values"',
    quantize: NOT_HERE,
    queue: NOT_HERE,
    ratio: '"Keep"',
    reference: "pruning",
    resume: NOT_HERE,
    runtime: NOT_HERE,
    scale: '"Pixel values"',
    share: '"Keep"',
    shift: '"Epochs of tuning"',
    skip: NOT_HERE,
    slowSelectors: NOT_HERE,
    statistics: NOT_HERE,
    std: '"Pixel values"',
    target: NOT_HERE,
    teacher: '"Epochs of tuning"',
    validationImages: '"Epochs of tuning"',
    workers: NOT_HERE,
  },
  nameForInput: (label) => label,
};
