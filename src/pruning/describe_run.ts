import { type NetworkCost, networkCost } from "../cost/mod.ts";
import type { Figures } from "../execution/mod.ts";
import type { Comparison, LayerGraph } from "../graph/mod.ts";
import { compareFigures, type FaultReport } from "../session/mod.ts";
import { type Notice, partsOf, type Stopwatch } from "../base/mod.ts";
import type { TuningResult } from "../tuning/mod.ts";
import type { LayerReport, PruneReport, PruneTuningReport } from "./prune_report.ts";
import type { BudgetReport } from "./types.ts";

/** What a finished run knows. */
export interface FinishedRun {
  /** The network before and after. */
  readonly graphs: { readonly before: LayerGraph; readonly after: LayerGraph };
  /** Shapes of the inputs, where the model leaves sizes open. */
  readonly countedFor?: PruneReport["countedFor"];
  /** Evaluations on the test split. */
  readonly evaluations: {
    readonly before: Figures;
    readonly cut: Figures;
    readonly after: Figures;
    /** Of the result, on held-out training images; absent without any. */
    readonly heldOut?: Figures;
  };
  /** What the repair of the whole network found. */
  readonly networkRepair?: PruneReport["networkRepair"];
  /** How the network was tuned. */
  readonly tuned?: TuningResult & Pick<PruneTuningReport, "groups">;
  /** Why the network could not be tuned, when it was to be. */
  readonly failure?: Notice;
  /** What happened to every layer. */
  readonly layers: readonly LayerReport[];
  /** What the budget policy decided. */
  readonly budget?: PruneReport["budget"];
  /** What the agent found. */
  readonly search?: PruneReport["search"];
  /** What the policy `floor` found. */
  readonly floor?: PruneReport["floor"];
  /** File of the original network's statistics. */
  readonly statistics?: PruneReport["statistics"];
  /** What became of BatchNormalization. */
  readonly batchNorm: PruneReport["batchNorm"];
  /** How the masked and the shrunk model compare. */
  readonly comparison?: Comparison;
  /** Times of the stages. */
  readonly clock: Stopwatch;
  /** Calibration images that there were, and that were asked for. */
  readonly images: { readonly calibration: number; readonly wanted: number };
  /** Images that could not be read. */
  readonly faults: FaultReport;
  /** Whether the test images were set aside from the train split. */
  readonly heldOut: boolean;
  /** Why images were not classified but outputs compared, when they were. */
  readonly unlabeled?: string;
  /** What is worth knowing about the data and the original network. */
  readonly notices: readonly Notice[];
  /** Seed of the run. */
  readonly seed: number;
  /** Threads of the run. */
  readonly workers: number;
}

/**
 * Puts a run's figures together.
 *
 * @param run What it knows.
 * @returns The report.
 */
export function describeRun(run: FinishedRun): PruneReport {
  const { graphs, evaluations, clock, images, faults } = run;
  const [costBefore, costAfter] = [networkCost(graphs.before), networkCost(graphs.after)];
  return {
    ...compareFigures(evaluations.before, evaluations.after),
    ...(run.networkRepair && { networkRepair: run.networkRepair }),
    ...describeTuning(run),
    ...(evaluations.heldOut && { heldOut: describeHeldOut(evaluations.heldOut) }),
    ...(run.failure !== undefined && { failure: run.failure }),
    macs: {
      before: costBefore.macs,
      after: costAfter.macs,
      convBefore: costBefore.convMacs,
      convAfter: costAfter.convMacs,
      selectors: selectorMacs(graphs.after, graphs.before),
    },
    ...(run.countedFor && { countedFor: run.countedFor }),
    params: { before: costBefore.params, after: costAfter.params },
    ...(run.budget ? { budget: withActualShare(run.budget, costBefore, costAfter) } : {}),
    ...(run.search ? { search: withActualShare(run.search, costBefore, costAfter) } : {}),
    ...(run.floor ? { floor: run.floor } : {}),
    ...(run.statistics ? { statistics: run.statistics } : {}),
    layers: run.layers,
    batchNorm: run.batchNorm,
    maskedDifference: run.comparison?.difference,
    seconds: {
      total: clock.total,
      calibrate: clock.seconds("calibrate"),
      search: clock.seconds("search"),
      select: clock.seconds("select"),
      reconstruct: clock.seconds("reconstruct"),
      batchNorm: clock.seconds("batchNorm"),
      repair: clock.seconds("repair"),
      tune: clock.seconds("tune"),
      evaluate: clock.seconds("evaluate"),
    },
    images: {
      calibration: images.calibration,
      test: evaluations.after.images,
      unreadable: faults.count,
      unreadableNames: faults.names,
      unreadableReasons: faults.reasons,
    },
    seed: run.seed,
    workers: run.workers,
    notices: noticesOf(run),
  };
}

/** The share of the cost that the result keeps, in the place of what was expected; latency is estimated alone. */
function withActualShare<Report extends Pick<BudgetReport, "target" | "share">>(
  report: Report,
  before: NetworkCost,
  after: NetworkCost,
): Report {
  const { target, share } = report;
  if (target === "latency") return report;
  return { ...report, share: { ...share, found: after[target] / before[target] } };
}

function describeHeldOut({ accuracy, outputs, error, images }: Figures): PruneReport["heldOut"] {
  return {
    ...(accuracy !== undefined && { accuracy }),
    ...(outputs && { outputError: error }),
    images,
  };
}

function describeTuning({ tuned, evaluations }: FinishedRun): Pick<PruneReport, "tuning"> {
  if (tuned === undefined) return {};
  const { accuracy, outputs, error, loss } = evaluations.cut;
  const { validationAccuracy, validationOutputError, bestEpoch, groups, history } = tuned;
  return {
    tuning: {
      ...(accuracy !== undefined && { accuracyBefore: accuracy }),
      ...(outputs && { outputErrorBefore: error }),
      lossBefore: loss,
      ...(validationAccuracy !== undefined && { validationAccuracy }),
      ...(validationOutputError !== undefined && { validationOutputError }),
      ...(bestEpoch !== undefined && { bestEpoch }),
      groups,
      epochs: history,
    },
  };
}

/** Multiply–accumulates of the layers that the original did not have: the selectors. */
function selectorMacs(after: LayerGraph, before: LayerGraph): number {
  const known = new Set(before.nodes.map(({ key }) => key));
  const added = after.nodes.filter(({ key }) => !known.has(key));
  return networkCost({ ...after, nodes: added, otherWeights: new Map() }).convMacs;
}

function noticesOf(
  { layers, images, heldOut, unlabeled, search, comparison, ...run }: FinishedRun,
): Notice[] {
  const notices: Notice[] = [...run.notices];
  if (layers.every(({ mode }) => mode === "whole")) {
    notices.push("no channel was cut: every layer stays whole");
  }
  if (images.calibration < images.wanted) {
    notices.push(
      `statistics are of ${images.calibration} training images, fewer than the ${images.wanted} asked for: ` +
        "a fifth of them, or 5,000, is held out for judging",
    );
  }
  if (comparison?.isTelling === false) {
    notices.push(
      "the masked and the smaller network give the same on training images, but so does one with a changed weight: " +
        "these images do not prove that the cut is right",
    );
  }
  if (unlabeled !== undefined) {
    notices.push(`${unlabeled}: outputs were compared with those of the original network`);
  }
  for (const { rollout, failure } of search?.failures ?? []) {
    notices.push([
      `network ${rollout} of the search could not be measured: `,
      ...partsOf(failure),
    ]);
  }
  if (heldOut) {
    notices.push("the data has no test split: every fifth image was set aside for it");
  }
  return notices;
}
