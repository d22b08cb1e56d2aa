import { withDefaults } from "../../base/mod.ts";
import { networkCost } from "../../cost/mod.ts";
import type { LayerGraph } from "../../graph/mod.ts";
import { listImageSizes } from "../../data/mod.ts";
import type { InputPreparation } from "../../model/mod.ts";
import type { Session } from "../../session/mod.ts";
import {
  PASSES_PER_STEP,
  type StatePlace,
  TUNING_DEFAULTS,
  type TuningOptions,
} from "../../tuning/mod.ts";
import { heldOutImages, JUDGING_IMAGES } from "../measure_network.ts";
import type { StatisticsSource } from "../statistics/statistics_source.ts";
import { tuneStage } from "./tuner.ts";
import type { NetworkRepairOptions, PruneNetworkOptions } from "../prune_options.ts";
import type { NetworkRepairReport } from "../prune_report.ts";

/** What the repair of the whole network uses where an option is not given. */
export const NETWORK_REPAIR_DEFAULTS = {
  batchSize: 128,
  learningRate: 1e-3,
  temperature: 4,
  augments: true,
} as const;

/** Passes over few images, which more would make it learn by heart. */
const MOST_EPOCHS = 20;

/** Fewer steps than these are no repair. */
const LEAST_STEPS = 30;

/** Multiply–accumulates that all steps may take: about three minutes on two cores. */
const MOST_MACS = 8.5e12;

/** Ways in which an image is changed. In as many as there are epochs, the original would be asked in every step. */
const VERSIONS = 8;

/** Share of an image's side by which it may be shifted. */
const SHIFT = 1 / 16;

/** How often they are looked at, beside the beginning. */
const LOOKS = 6;

/** A network after its repair, and what that found. */
export interface NetworkRepair {
  readonly graph: LayerGraph;
  readonly report: NetworkRepairReport;
}

/**
 * Repairs a smaller network as a whole, without labels: all its weights learn to give the outputs of the unpruned network
 * on the calibration images, shifted and mirrored (distillation: Hinton et al. 2015, arXiv 1503.02531). Layer by layer the repair is at its
 * limit before; what is left lies between layers. BatchNormalization keeps its mean and variance.
 *
 * Held-out training images choose among the weights that it began with and those after every sixth of the steps, so it
 * never ends worse than it began.
 *
 * @param session Model and data.
 * @param source The unpruned network and the calibration images.
 * @param graph The smaller network.
 * @param settings How it is repaired, and where the state of that is kept.
 * @returns The network, and what was found.
 * @throws The reason of the run's signal when it is raised; the state is kept then.
 */
export async function repairNetwork(
  session: Session,
  source: StatisticsSource,
  graph: LayerGraph,
  { seed, signal, onProgress, place, ...options }: NetworkRepairSettings,
): Promise<NetworkRepair> {
  const training = source.calibration.indices;
  const { temperature, learningRate, augments } = withDefaults(options, NETWORK_REPAIR_DEFAULTS);
  const share = networkCost(graph).macs / networkCost(source.graph).macs;
  const { count: steps, batchSize } = plannedSteps(source, share, options);
  if (steps < LEAST_STEPS && options.steps === undefined) {
    const reason =
      `a network of this size has time for ${steps} steps only, and ${LEAST_STEPS} are wanted`;
    return { graph, report: { steps: 0, epochs: [], reason } };
  }
  const epochs = steps / Math.floor(training.length / batchSize);
  const tuning: TuningOptions = {
    ...TUNING_DEFAULTS,
    epochs,
    batchSize,
    learningRate,
    temperature,
    schedule: "warm-cosine",
    optimizer: "adam",
    weightDecay: 0,
    shift: augments ? shiftOf(session.inputs) : 0,
    flip: augments,
    seed,
  };
  const validation = heldOutImages(source, JUDGING_IMAGES).indices;
  const tuned = await tuneStage(session, graph, {
    options: tuning,
    place,
    teacher: source.file,
    imitates: true,
    freezesStatistics: true,
    versions: VERSIONS,
    images: { training, validation },
    validateEvery: Math.max(1, Math.ceil(epochs / LOOKS)),
    signal,
    onProgress: (progress) => onProgress?.({ ...progress, stage: "repairing the network" }),
  });
  const { validationAccuracy, validationOutputError } = tuned;
  return {
    graph: tuned.graph,
    report: {
      steps,
      epochs: tuned.history,
      ...(tuned.start && {
        heldOut: {
          images: validation.length,
          before: tuned.start,
          after: { validationAccuracy, validationOutputError },
        },
        isKept: tuned.bestEpoch! > 0,
      }),
    },
  };
}

/** Pixels by which images may be shifted: none where those of several sizes would not stay in register. */
function shiftOf(inputs: readonly InputPreparation[]): number {
  const [size, ...others] = listImageSizes(inputs);
  if (size === undefined || others.length > 0) return 0;
  return Math.round(SHIFT * Math.min(size.height, size.width));
}

/** How a network is repaired as a whole, in which run. */
export interface NetworkRepairSettings
  extends NetworkRepairOptions, Pick<PruneNetworkOptions, "signal" | "onProgress"> {
  readonly seed: number;
  readonly place?: StatePlace;
}

/**
 * Steps that cost no more than a run may wait for: they depend on the networks alone, so a run can be repeated.
 *
 * @param source The unpruned network and the calibration images.
 * @param share Multiply–accumulates of the smaller network, as a share of the unpruned one's.
 * @param options What is said of them.
 * @returns Their number, and the images of each.
 */
export function plannedSteps(
  { graph, calibration }: Pick<StatisticsSource, "graph" | "calibration">,
  share: number,
  options: NetworkRepairOptions = {},
): { readonly count: number; readonly batchSize: number } {
  const wanted = options.batchSize ?? NETWORK_REPAIR_DEFAULTS.batchSize;
  const batchSize = Math.min(wanted, calibration.indices.length);
  const macs = (1 + PASSES_PER_STEP * share) * networkCost(graph).macs;
  const affordable = Math.floor(MOST_MACS / (batchSize * macs));
  const useful = MOST_EPOCHS * Math.floor(calibration.indices.length / batchSize);
  const count = Math.min(affordable, Math.max(LEAST_STEPS, useful));
  return { count: options.steps ?? count, batchSize };
}
