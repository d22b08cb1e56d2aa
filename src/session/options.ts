import type { Notice } from "../base/mod.ts";
import type { DatasetPlace } from "../data/mod.ts";
import type { ModelFile, PreprocessingOverrides } from "../model/mod.ts";

/** Options of everything that reads a model and images. */
export interface DataOptions {
  /** A model.json, the folder it is in, or a model already read. */
  readonly model: string | ModelFile;
  /** Folder or file of the data set, files in memory, or its images. */
  readonly data: DatasetPlace;
  /**
   * Whether labels are used, where the data has any and the model has one output with a score per class: accuracy and
   * loss are measured then, and otherwise how far outputs are from a reference's. Default true.
   */
  readonly labels?: boolean;
  /** What is said about preprocessing beside the model. */
  readonly preprocessing?: PreprocessingOverrides;
  /** Images in every batch of an evaluation. Default 100. */
  readonly batchSizeEval?: number;
  /** Largest share of images that may be unreadable, 0 to 1; a run with more of them fails. Default 0.01. */
  readonly badImageShare?: number;
  /** Threads that share the images. Default: as many as the machine has cores. */
  readonly workers?: number;
  /** Called at once with what is worth knowing about model and data; the reports name it too. */
  readonly onNotice?: (notice: Notice) => void;
  /** Called as the work proceeds, with what is being done and how far it is. */
  readonly onProgress?: ProgressListener;
}

/** How far a run is. */
export interface Progress {
  /** What is being done. */
  readonly stage: string;
  /** Which part of it, such as a layer's name. */
  readonly detail?: string;
  /** Steps done. */
  readonly done: number;
  /** Steps of the whole stage. */
  readonly total: number;
}

/** Receives progress. */
export type ProgressListener = (progress: Progress) => void;

/**
 * A listener that ends the work once a signal is raised: work ends when its listener throws.
 *
 * @param run The signal, and what progress is passed on to.
 * @returns The listener; it throws the signal's reason.
 */
export function abortableListener(
  { signal, onProgress }: { readonly signal?: AbortSignal; readonly onProgress?: ProgressListener },
): ProgressListener {
  return (progress) => {
    signal?.throwIfAborted();
    onProgress?.(progress);
  };
}
