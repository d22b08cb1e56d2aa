import type { Fingerprints } from "../session/mod.ts";
import type { Augmentation } from "../data/mod.ts";
import type { InputOverrides, PreprocessingOverrides } from "../model/mod.ts";
import type {
  AgentOptions,
  AutoPolicy,
  BudgetPolicy,
  FloorPolicy,
  GroupTuning,
  NetworkRepairOptions,
  PruneNetworkOptions,
  PruneTuning,
  RatioPolicy,
  SearchSettings,
} from "../pruning/mod.ts";
import { RUNTIMES } from "../runtimes/mod.ts";
import {
  allOptional,
  BLOBS_OF_FILES,
  count,
  type FieldsOf,
  flag,
  hash,
  listOf,
  number,
  objectOf,
  oneOf,
  optional,
  positive,
  recordOf,
  type Schema,
  text,
  variantOf,
} from "./schema.ts";

/** What a run is given that has nothing to do with where it is done. */
export type RunOptions = Omit<PruneNetworkOptions, keyof RunPlace>;

/** What belongs to the place of a run: its callbacks, its state, its threads, its files. */
export type RunPlace = Pick<
  PruneNetworkOptions,
  | "model"
  | "data"
  | "workers"
  | "onProgress"
  | "onNotice"
  | "onForecast"
  | "signal"
  | "checkpoint"
  | "resume"
  | "statistics"
>;

/** A whole run, as it goes through the queue. */
export interface RunInput {
  /** What it is given. */
  readonly options: RunOptions;
  /** Blobs of the files of the model, by name. */
  readonly model: Readonly<Record<string, string>>;
  /** Folder or file of the data set, where the driver has it. */
  readonly data: string;
  /** Model and images by their content. */
  readonly content: Fingerprints;
  /** Blobs of the files of the network that is imitated, by name, when it is another than the original. */
  readonly teacher?: Readonly<Record<string, string>>;
  /** Statistics of the original network: their blob, and what their file is called where the driver has it. */
  readonly statistics?: { readonly blob: string; readonly file: string };
}

type PolicyOf<Kind> = Extract<RatioPolicy, { readonly kind: Kind }>;

/** How channels are chosen. */
export const SELECT = oneOf("obs", "lasso", "magnitude");
/** What happens to channels that several layers read. */
export const SHARED = oneOf("select", "couple");

const SEARCH = {
  rollouts: count,
  rolloutsMin: count,
  proposals: positive,
  rewardPolicy: oneOf("accuracy", "flops"),
  noiseTolerance: number,
  ratioNoise: number,
  randomEvery: count,
  exploreEvery: count,
} satisfies FieldsOf<SearchSettings>;

const AGENT = {
  width: positive,
  learningRate: number,
  discount: number,
  targetRate: number,
  batchSize: positive,
  noiseFirst: number,
  noiseLast: number,
  baselineDecay: number,
  replayCapacity: positive,
} satisfies FieldsOf<AgentOptions>;

const BUDGET = {
  kind: text,
  share: number,
  target: optional(oneOf("macs", "params", "latency")),
  runtime: optional(oneOf(...RUNTIMES)),
} satisfies FieldsOf<Omit<BudgetPolicy, "latencyTable">>;

const AUTO = {
  ...BUDGET,
  search: optional(objectOf(allOptional(SEARCH))),
  agent: optional(objectOf(allOptional(AGENT))),
  start: optional(oneOf("budget", "none")),
  images: optional(positive),
  finalists: optional(count),
} satisfies FieldsOf<Omit<AutoPolicy, "latencyTable">>;

const UNIFORM = { kind: text, ratio: number } satisfies FieldsOf<PolicyOf<"uniform">>;

const LIST = { kind: text, text, source: text } satisfies FieldsOf<PolicyOf<"list">>;

const FLOOR = {
  kind: text,
  target: optional(oneOf("macs", "params", "latency")),
  runtime: optional(oneOf(...RUNTIMES)),
  maxDrop: optional(number),
  maxError: optional(number),
} satisfies FieldsOf<Omit<FloorPolicy, "latencyTable">>;

const POLICY = variantOf(
  new Map<RatioPolicy["kind"], Schema>([
    ["uniform", objectOf(UNIFORM)],
    ["list", objectOf(LIST)],
    ["budget", objectOf(BUDGET)],
    ["auto", objectOf(AUTO)],
    ["floor", objectOf(FLOOR)],
  ]),
);

const GROUPS = {
  size: positive,
  epochShare: number,
  learningRate: number,
  retrain: flag,
} satisfies FieldsOf<GroupTuning>;

const AUGMENTATION = { shift: count, flip: flag } satisfies FieldsOf<Augmentation>;

const TUNING = {
  ...AUGMENTATION,
  epochs: number,
  batchSize: positive,
  learningRate: number,
  schedule: oneOf("piecewise", "cosine", "one-cycle", "warm-cosine", "constant"),
  optimizer: oneOf("momentum", "adam"),
  momentum: number,
  weightDecay: number,
  labelSmoothing: number,
  distillationWeight: number,
  temperature: number,
  validationImages: count,
  patience: count,
  teacher: oneOf("original"),
  groups: objectOf(GROUPS),
} satisfies FieldsOf<PruneTuning>;

const INPUT = {
  preset: text,
  scale: number,
  mean: listOf(number),
  std: listOf(number),
  inputSize: listOf(positive),
  exifOrientation: flag,
} satisfies FieldsOf<InputOverrides>;

const PREPROCESSING = {
  ...INPUT,
  inputs: recordOf(objectOf(allOptional(INPUT))),
  classes: listOf(text),
} satisfies FieldsOf<PreprocessingOverrides>;

/** How far a smaller network is repaired. */
export const REPAIR = oneOf("layers", "network");

/** How it is repaired as a whole. */
export const NETWORK_REPAIR = {
  steps: positive,
  batchSize: positive,
  learningRate: number,
  temperature: number,
  augments: flag,
} satisfies FieldsOf<NetworkRepairOptions>;

const OPTIONS = {
  effort: oneOf("quick", "standard", "thorough"),
  policy: POLICY,
  select: SELECT,
  shared: SHARED,
  channelMultiple: positive,
  slowSelectors: flag,
  keepBlocks: flag,
  skip: listOf(text),
  batches: positive,
  batchSize: positive,
  pointsPerImage: positive,
  ridge: number,
  seed: number,
  memoryBudget: number,
  verify: flag,
  repair: REPAIR,
  networkRepair: objectOf(allOptional(NETWORK_REPAIR)),
  tuning: objectOf(allOptional(TUNING)),
  labels: flag,
  preprocessing: objectOf(allOptional(PREPROCESSING)),
  batchSizeEval: positive,
  badImageShare: number,
} satisfies FieldsOf<RunOptions>;

const CONTENT = {
  model: hash,
  data: hash,
  teacher: optional(hash),
} satisfies FieldsOf<Fingerprints>;

const STATISTICS = {
  blob: hash,
  file: text,
} satisfies FieldsOf<NonNullable<RunInput["statistics"]>>;

const RUN = {
  options: objectOf(allOptional(OPTIONS)),
  model: BLOBS_OF_FILES,
  data: text,
  content: objectOf(CONTENT),
  teacher: optional(BLOBS_OF_FILES),
  statistics: optional(objectOf(STATISTICS)),
} satisfies FieldsOf<RunInput>;

/** What a run is given, as it comes from the queue: no path of a worker but where the driver has its images. */
export const RUN_SCHEMA: Schema = objectOf(RUN);
