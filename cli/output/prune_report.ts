import type {
  BudgetReport,
  FloorReport,
  NetworkRepairReport,
  PruneReport,
  SearchReport,
} from "../../src/mod.ts";
import { describeDrop } from "./curve.ts";
import { figureLines } from "./figures.ts";
import { describeSizes } from "./sizes.ts";
import type { WordedReport } from "./word_report.ts";
import { formatBytes, formatChange, formatCount, formatPercent, formatTable } from "./table.ts";

/** A pruning run for people. */
export function describeReport(
  report: WordedReport,
  bytes?: { before: number; after: number },
  out?: string,
): string {
  const { macs, params, seconds, batchNorm, images } = report;
  const layers = formatTable(
    ["place", "layer", "kept", "of", "cut", "lost"],
    report.layers.map((layer) => [
      layer.place,
      layer.name,
      layer.kept,
      layer.of,
      layer.reason ? `${layer.mode}: ${layer.reason}` : layer.mode,
      formatPercent(layer.relativeError),
    ]),
  );
  return [
    layers,
    "",
    ...figureLines(report, {
      accuracy: report.tuning?.accuracyBefore,
      outputError: report.tuning?.outputErrorBefore,
      loss: report.tuning?.lossBefore,
    }),
    `MACs        ${formatChange(macs, formatCount)}, of which selectors ${
      formatCount(macs.selectors)
    }${report.countedFor ? `, for ${describeSizes(report.countedFor)}` : ""}`,
    `  in convolutions ${
      formatChange({ before: macs.convBefore, after: macs.convAfter }, formatCount)
    }`,
    `parameters  ${formatChange(params, formatCount)}`,
    ...(report.budget ? [describeBudget(report.budget)] : []),
    ...(report.search ? [describeSearch(report.search)] : []),
    ...(report.floor ? [describeFloor(report.floor, report.accuracy !== undefined)] : []),
    ...(report.statistics ? [describeStatistics(report.statistics)] : []),
    ...(bytes ? [`on disk     ${formatChange(bytes, formatBytes)}`] : []),
    `BatchNorm   statistics ${batchNorm.reestimated ? "re-estimated" : "kept"}`,
    ...(report.networkRepair ? [describeRepair(report.networkRepair)] : []),
    ...(report.tuning?.bestEpoch === 0
      ? [
        "tuning      no epoch was better on held-out training images: the network is as it was cut",
      ]
      : []),
    `images      ${images.calibration} for calibration, ${images.test} for the test`,
    `time        ${seconds.total.toFixed(1)} s: calibration ${seconds.calibrate.toFixed(1)}, ` +
    (report.search ? `search ${seconds.search.toFixed(1)}, ` : "") +
    `selection ${seconds.select.toFixed(1)}, reconstruction ${seconds.reconstruct.toFixed(1)}, ` +
    `BatchNorm ${seconds.batchNorm.toFixed(1)}, repair ${seconds.repair.toFixed(1)}, tuning ${
      seconds.tune.toFixed(1)
    }, ` +
    `tests ${seconds.evaluate.toFixed(1)}`,
    `repeat with --seed ${report.seed} --workers ${report.workers}`,
    ...report.notices.map((notice) => `note: ${notice}`),
    ...images.unreadableReasons.map((reason) => `note: skipped an image: ${reason}`),
    ...(out ? [`written to ${out}`] : []),
  ].join("\n");
}

function describeStatistics({ file, action }: NonNullable<PruneReport["statistics"]>): string {
  return action === "read"
    ? `statistics  of the original read from ${file}`
    : `statistics  of the original gathered and written to ${file}`;
}

function describeRepair({ steps, heldOut, isKept, reason }: NetworkRepairReport): string {
  if (reason !== undefined) return `repair      of the layers alone: ${reason}`;
  if (heldOut === undefined) return `repair      of the whole network, ${steps} steps`;
  const { before, after, images } = heldOut;
  const figure = ({ validationAccuracy, validationOutputError }: typeof before) =>
    validationAccuracy === undefined
      ? `a relative error of ${formatPercent(validationOutputError!)}`
      : formatPercent(validationAccuracy);
  const outcome = isKept
    ? `${figure(before)} → ${figure(after)} of ${images} held-out training images`
    : `no better than before on ${images} held-out training images, ${figure(before)}`;
  return `repair      of the whole network, ${steps} steps: ${outcome}`;
}

/** What a budget counted, for people. */
function describeCost(
  { target, batchSize, runtime }: Pick<BudgetReport, "target" | "batchSize" | "runtime">,
): string {
  if (target === "macs") return "MACs";
  if (target === "params") return "parameters";
  const images = batchSize === 1 ? "one image" : `${batchSize} images`;
  return `estimated latency of predictions of ${images}${runtime ? ` on ${runtime}` : ""}`;
}

/** What the budget policy decided, for people. */
export function describeBudget(
  { share, ...counted }: BudgetReport,
): string {
  return `budget      ${formatPercent(share.found)} of the ${describeCost(counted)} kept, ` +
    `at most ${formatPercent(share.wanted)} wanted; ${describeProof(counted)}`;
}

/** How near the best the choice is, for people. */
function describeProof(
  { isOptimal, error, lowerBound }: Pick<BudgetReport, "isOptimal" | "error" | "lowerBound">,
): string {
  if (isOptimal) return "no choice within it has a smaller summed error";
  if (lowerBound === 0) return "not proven optimal, and how far from it is not known";
  return "not proven optimal: no choice within it sums to less than " +
    `${formatPercent(lowerBound / error)} of this one's error`;
}

/** The smallest network that keeps a floor, for people. */
function describeFloor(
  { share, limit, confidence, images, tried, target, batchSize, runtime, ...found }: FloorReport,
  isClassified: boolean,
): string {
  const bound = isClassified ? `${(100 * limit).toFixed(2)} points` : formatPercent(limit);
  return `floor       ${
    describeDrop(found, isClassified)
  } lost on ${images} held-out training images, ` +
    `at most ${bound} wanted, kept with a confidence of ${(100 * confidence).toFixed(0)} %; ` +
    `${formatPercent(share)} of the ${
      describeCost({ target, batchSize, runtime })
    } or less are kept, ${tried.length} repairs`;
}

function describeSearch(
  { share, rollouts, winner, finalists, ...counted }: SearchReport,
): string {
  const { accuracy, error } = finalists.find(({ rollout }) => rollout === winner)!;
  const reached = accuracy === undefined
    ? `a relative error of ${formatPercent(error)} on`
    : `${formatPercent(accuracy)} of`;
  return `search      number ${winner} of ${rollouts} roll-outs and ${finalists.length} finalists: ` +
    `${formatPercent(share.found)} of the ${describeCost(counted)} kept, ` +
    `${reached} held-out training images`;
}
