import { strToU8, type Zippable, zipSync } from "fflate";
import {
  type DatasetSummary,
  type Effort,
  evaluate,
  type EvaluationReport,
  explore,
  type FilesInMemory,
  fold,
  folderFormatOf,
  inspect,
  type InspectReport,
  measureLatency,
  type ModelFile,
  nameOfFiles,
  type Notice,
  type PreprocessingOverrides,
  type ProgressListener,
  prune,
  type PruneReport,
  type RatioPolicy,
  readModel,
  resolveModel,
  type SelectionMethod,
  summarizeDataset,
  type Timing,
  writeMessage,
  writeModel,
} from "../src/browser.ts";
import type { Curve } from "./curve.ts";
import { findModel } from "./find_model.ts";
import { findImages } from "./find_images.ts";
import { OPTION_LABELS } from "./option_labels.ts";
import { describePlan, describeRepair } from "./plan.ts";
import { startStockBackend, type StockBackend } from "./stock_backends.ts";
import { threadCount } from "./threads.ts";
import readyPage from "./ready/index.html" with { type: "text" };
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

/** What is asked of a pruning that its statistics depend on. */
export type StatisticsSettings = Pick<
  PruneSettings,
  "calibrationImages" | "channelMultiple" | "seed"
>;

/** A smaller model. */
export interface Pruned {
  readonly file: ModelFile;
  readonly report: PruneReport;
  /** What the repair of the whole network won, where there was one. */
  readonly repair?: string;
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

/** What was measured on a backend. */
export interface StockTimes {
  /** Times of the models in their order; none where the device has no such backend. */
  readonly timings: readonly Timing[];
  /** Why there are none. */
  readonly reason?: string;
}

/** Formats that the smaller model is written in. */
export type DownloadFormat = "tfjs" | "keras" | "onnx" | "tflite";

/** Turns that are timed; fewer of slow models. */
const ROUNDS = 40, MOST_MILLISECONDS = 10_000;
const BATCH_SIZE = 128;

/** Whom a job tells of its work. */
export interface JobListeners {
  readonly onProgress: ProgressListener;
  /** Called with what is going to be done, and about how long it takes. */
  readonly onPlan: (plan: string) => void;
}

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

  async evaluate(subject: Subject, { onProgress }: JobListeners): Promise<Accuracy> {
    const report = await evaluate({ ...subject, workers: threadCount(), onProgress });
    const notices = report.notices.map((notice) => writeMessage(notice, OPTION_LABELS));
    return { ...report, notices };
  },

  async explore(
    { subject, settings }: { subject: Subject; settings: StatisticsSettings },
    { onProgress }: JobListeners,
  ): Promise<Curve> {
    const { calibrationImages, channelMultiple, seed } = settings;
    const { original, points, notices } = await explore({
      ...subject,
      channelMultiple,
      seed,
      ...batchesOf(calibrationImages),
      workers: threadCount(),
      onProgress,
    });
    const notes = notices.map((notice) => writeMessage(notice, OPTION_LABELS));
    return { original, points, notes };
  },

  async prune(
    { subject, settings }: { subject: Subject; settings: PruneSettings },
    { onProgress, onPlan }: JobListeners,
  ): Promise<Pruned> {
    const { calibrationImages, epochs, ...others } = settings;
    const { file, report } = await prune({
      ...subject,
      ...others,
      ...batchesOf(calibrationImages),
      workers: threadCount(),
      onProgress,
      onForecast: (forecast) => onPlan(describePlan(forecast)),
      ...(epochs > 0 && { tuning: { epochs, teacher: "original" } }),
    });
    const bytes = { before: await countBytes(subject.model), after: await countBytes(file) };
    const { networkRepair } = report;
    return {
      file: withOwnWeights(file),
      report,
      ...(networkRepair && networkRepair.steps > 0 && { repair: describeRepair(networkRepair) }),
      notes: notesOf(report),
      bytes,
    };
  },

  async fold(model: ModelFile): Promise<{ file: ModelFile; bytes: number }> {
    const { file } = await fold(model);
    return { file, bytes: await countBytes(file) };
  },

  async time(
    { backend, models, inputSize, batchSize }: {
      backend: StockBackend;
      models: readonly ModelFile[];
      inputSize?: [number, number];
      batchSize: number;
    },
  ): Promise<StockTimes> {
    const files = await Promise.all(models.map((model) => resolveModel(model, { inputSize })));
    const reason = await startStockBackend(backend);
    if (reason !== undefined) return { timings: [], reason };
    const options = { batchSize, rounds: ROUNDS, milliseconds: MOST_MILLISECONDS };
    return { timings: await measureLatency(files, options) };
  },

  async write(
    { model, stem, format }: { model: ModelFile; stem: string; format: DownloadFormat },
  ): Promise<Download> {
    const name = format === "tfjs" ? `${stem}.zip` : `${stem}.${format}`;
    const folder = folderFormatOf(model);
    const files = await writeModel(name, model, format === "tfjs" ? { format: folder } : {});
    const ready: Zippable = folder === "layers" ? { "index.html": strToU8(readyPage) } : {};
    const bytes = format === "tfjs"
      ? zipSync({ ...Object.fromEntries(files), ...ready })
      : files.get(name)!;
    return { name, bytes: bytes as Uint8Array<ArrayBuffer> };
  },
};

/** So many images as the library is asked for them. */
function batchesOf(images: number): { batchSize: number; batches: number } {
  const batchSize = Math.min(BATCH_SIZE, images);
  return { batchSize, batches: Math.ceil(images / batchSize) };
}

/** Weights that threads share, copied: WebGL reads no shared memory. */
function withOwnWeights(file: ModelFile): ModelFile {
  const weights = new Map(
    Array.from(file.weights, ([name, weight]) => [
      name,
      { ...weight, values: weight.values.slice() },
    ]),
  );
  return { ...file, weights };
}

function notesOf({ failure, networkRepair, notices }: PruneReport): string[] {
  const write = (notice: Notice) => writeMessage(notice, OPTION_LABELS);
  const reason = networkRepair?.reason;
  return [
    ...(failure === undefined ? [] : [`the smaller model could not be tuned: ${write(failure)}`]),
    ...(reason === undefined ? [] : [`its layers alone were repaired: ${write(reason)}`]),
    ...notices.map(write),
  ];
}

async function countBytes(model: ModelFile): Promise<number> {
  const name = nameOfFiles("model", model);
  const format = folderFormatOf(model);
  const files = await writeModel(name, model, name === "model" ? { format } : {});
  return files.values().reduce((sum, { length }) => sum + length, 0);
}
