export { type Augmentation, augmentImage } from "./augment.ts";
export { type Batch, chunk, pickCalibration, pickHeldOut, readBatch } from "./batches.ts";
export { checkClasses } from "./classes.ts";
export type { Dataset, DatasetOptions, ImageSet, ImageShape } from "./dataset.ts";
export type { FilesInMemory } from "./file_tree.ts";
export { fingerprintImages } from "./fingerprint.ts";
export { type FaultLimits, ImageFaults, tolerableFaults } from "./image_faults.ts";
export { selectImages } from "./image_set.ts";
export type { MemoryDataset, MemoryImage, MemorySplit } from "./memory.ts";
export {
  type DatasetDescription,
  type DatasetSummary,
  describeDataset,
  openDataset,
  summarizeDataset,
} from "./open_dataset.ts";
export type { DatasetPlace } from "./open_format.ts";
