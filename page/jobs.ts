import { zipSync } from "fflate";
import {
  type DatasetSummary,
  type Effort,
  evaluate,
  type EvaluationReport,
  type FilesInMemory,
  fold,
  folderFormatOf,
  inspect,
  type InspectReport,
  measureLatency,
  type ModelFile,
  type PreprocessingOverrides,
  type ProgressListener,
  prune,
  type PruneReport,
  type PruneTuning,
  type RatioPolicy,
  readModel,
  resolveModel,
  type SelectionMethod,
  startBackend,
  summarizeDataset,
  type Timing,
  writeMessage,
  writeModel,
} from "../src/browser.ts";
import { findModel } from "./find_model.ts";
import { findImages } from "./find_images.ts";
import { OPTION_LABELS } from "./option_labels.ts";
import { type DroppedFiles, unpack } from "./unpack.ts";

/** What a model reaches, with notices as the page says them. */
export interface Accuracy extends Omit<EvaluationReport, "notices"> {
  readonly notices: readonly string[];
}

/** A model as it was read. */
export interface LoadedModel {
  /** Where among the dropped files it was. */
  readonly path: string;
  readonly file: ModelFile;
  readonly description: InspectReport;
}

/** Images as they were found. */
export interface LoadedImages {
  readonly place: FilesInMemory;
  readonly summary: DatasetSummary;
}

/** How images are read, and whether their classes are used. */
export interface Reading {
  readonly preprocessing: PreprocessingOverrides;
  readonly labels: boolean;
}

/** What a model and its images are when something is done with both. */
export interface Subject extends Reading {
  readonly model: ModelFile;
  readonly data: FilesInMemory;
}

/** What is asked of a pruning. */
export interface PruneSettings {
  readonly effort: Effort;
  readonly policy: RatioPolicy;
  readonly select: SelectionMethod;
  readonly calibrationImages: number;
  readonly channelMultiple: number;
  readonly epochs: number;
  readonly seed: number;
}

/** A smaller model. */
export interface Pruned {
  readonly file: ModelFile;
  readonly report: PruneReport;
  /** What is worth knowing of it, in the words of this page. */
  readonly notes: readonly string[];
  /** Bytes of model.json and weights. */
  readonly bytes: { readonly before: number; readonly after: number };
}

/** A file to be downloaded. */
export interface Download {
  readonly name: string;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/** Formats that the smaller model is written in. */
export type DownloadFormat = "tfjs" | "keras" | "onnx" | "tflite";

const ROUNDS = 40;
const BATCH_SIZE = 128;
const MOST_VALIDATION_IMAGES = 500;

/** What a worker does. Every job has a worker of its own, so that canceling one loses nothing. */
export const jobs = {
  async readModel(dropped: DroppedFiles): Promise<LoadedModel> {
    const { path, name, files } = await findModel(await unpack(dropped, "model"));
    const file = await readModel(name, files);
    return { path, file, description: await inspect({ model: file }) };
  },

  async readImages(dropped: DroppedFiles): Promise<LoadedImages> {
    const place = findImages(await unpack(dropped, "images"));
    return { place, summary: await summarizeDataset(place) };
  },

  async evaluate(subject: Subject, onProgress: ProgressListener): Promise<Accuracy> {
    const report = await evaluate({ ...subject, workers: 1, onProgress });
    const notices = report.notices.map((notice) => writeMessage(notice, OPTION_LABELS));
    return { ...report, notices };
  },

  async prune(
    { subject, settings }: { subject: Subject; settings: PruneSettings },
    onProgress: ProgressListener,
  ): Promise<Pruned> {
    const { calibrationImages, epochs, ...others } = settings;
    const batchSize = Math.min(BATCH_SIZE, calibrationImages);
    const { file, report } = await prune({
      ...subject,
      ...others,
      batchSize,
      batches: Math.ceil(calibrationImages / batchSize),
      workers: 1,
      onProgress,
      ...(epochs > 0 && { tuning: await planTuning(subject.data, epochs) }),
    });
    const bytes = { before: await countBytes(subject.model), after: await countBytes(file) };
    return { file, report, notes: notesOf(report), bytes };
  },

  async fold(model: ModelFile): Promise<{ file: ModelFile; bytes: number }> {
    const { file } = await fold(model);
    return { file, bytes: await countBytes(file) };
  },

  async time(
    { models, inputSize, batchSize }: {
      models: readonly ModelFile[];
      inputSize?: [number, number];
      batchSize: number;
    },
  ): Promise<Timing[]> {
    const files = await Promise.all(models.map((model) => resolveModel(model, { inputSize })));
    await startBackend();
    return await measureLatency(files, { batchSize, rounds: ROUNDS });
  },

  async write(
    { model, stem, format }: { model: ModelFile; stem: string; format: DownloadFormat },
  ): Promise<Download> {
    const name = format === "tfjs" ? `${stem}.zip` : `${stem}.${format}`;
    const files = await writeModel(
      name,
      model,
      format === "tfjs" ? { format: folderFormatOf(model) } : {},
    );
    const bytes = format === "tfjs" ? zipSync(Object.fromEntries(files)) : files.get(name)!;
    return { name, bytes: bytes as Uint8Array<ArrayBuffer> };
  },
};

function notesOf({ failure, notices }: PruneReport): string[] {
  const notes = notices.map((notice) => writeMessage(notice, OPTION_LABELS));
  if (failure === undefined) return notes;
  return [
    `the smaller model could not be tuned: ${writeMessage(failure, OPTION_LABELS)}`,
    ...notes,
  ];
}

/** Tuning by the images that there are, which on a page can be few. */
async function planTuning(data: FilesInMemory, epochs: number): Promise<PruneTuning> {
  const { train, test } = (await summarizeDataset(data)).images;
  const available = test === undefined ? 0.8 * train : train;
  return {
    epochs,
    teacher: "original",
    batchSize: Math.ceil(Math.min(BATCH_SIZE, available / 4)),
    validationImages: Math.floor(Math.min(MOST_VALIDATION_IMAGES, available / 10)),
  };
}

async function countBytes(model: ModelFile): Promise<number> {
  const files = await writeModel("model", model, { format: folderFormatOf(model) });
  return files.values().reduce((sum, { length }) => sum + length, 0);
}
