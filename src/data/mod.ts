export {
  type Augmentation,
  augmentBatch,
  checkAugmentation,
  countVersions,
  listImageSizes,
  type TrainingAugmentation,
} from "./augment.ts";
export { type Batch, chunk, pickCalibration, pickHeldOut, readBatch } from "./batches.ts";
export { checkClasses } from "./classes.ts";
export type { Dataset, ImageSet, InputValues } from "./dataset.ts";
export { encodePicture } from "./encode_picture.ts";
export type { FilesInMemory } from "./file_tree.ts";
export { fingerprintImages } from "./fingerprint.ts";
export { findImageSize } from "./image_size.ts";
export { ImageFaults, tolerableFaults } from "./image_faults.ts";
export type { MemoryDataset, MemoryImage, MemorySplit } from "./memory.ts";
export {
  type DatasetSummary,
  describeDataset,
  openDataset,
  summarizeDataset,
} from "./open_dataset.ts";
export type { DatasetPlace, DatasetSource } from "./open_format.ts";
export { shareDataset } from "./share_dataset.ts";
