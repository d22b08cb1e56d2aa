export { type Augmentation, augmentBatch, augmentImage, checkAugmentation } from "./augment.ts";
export { type Batch, chunk, pickCalibration, pickHeldOut, readBatch } from "./batches.ts";
export { checkClasses } from "./classes.ts";
export type { Dataset, DatasetOptions, ImageSet, ImageShape, InputValues } from "./dataset.ts";
export { encodePicture } from "./encode_picture.ts";
export type { FilesInMemory } from "./file_tree.ts";
export { fingerprintImages } from "./fingerprint.ts";
export { type FaultLimits, ImageFaults, tolerableFaults } from "./image_faults.ts";
export { selectImages } from "./image_set.ts";
export type { MemoryDataset, MemoryImage, MemorySplit } from "./memory.ts";
export type { ArrayFile } from "./npz_arrays.ts";
export {
  type DatasetDescription,
  type DatasetSummary,
  describeDataset,
  openDataset,
  summarizeDataset,
} from "./open_dataset.ts";
export type { DatasetPlace, DatasetSource } from "./open_format.ts";
export { shareDataset } from "./share_dataset.ts";
