export { type Augmentation, augmentImage } from "./augment.ts";
export { type Batch, chunk, pickCalibration, pickHeldOut, readBatch } from "./batches.ts";
export { checkClasses } from "./classes.ts";
export type { Dataset, DatasetOptions, ImageSet, ImageShape } from "./dataset.ts";
export { encodePicture } from "./encode_picture.ts";
export { fingerprintImages } from "./fingerprint.ts";
export { type FaultLimits, ImageFaults, tolerableFaults } from "./image_faults.ts";
export { selectImages } from "./image_set.ts";
export { type DatasetDescription, describeDataset, openDataset } from "./open_dataset.ts";
