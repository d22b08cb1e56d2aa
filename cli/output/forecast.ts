import type { ExploreForecast, Forecast, PassForecast, TuningForecast } from "../../src/mod.ts";
import { formatDuration } from "./progress.ts";
import { formatPercent } from "./table.ts";

/** What `prune` is going to do, in a line for people. */
export function describeForecast(
  { effort, repairSteps, epochs, seconds, policy }: Forecast,
): string {
  const steps = [
    describePolicy(policy),
    "repairs the layers",
    ...(repairSteps > 0 ? [`repairs the whole network in ${countOf(repairSteps)} steps`] : []),
    ...(epochs > 0 ? [`tunes it for ${epochsOf(epochs)}`] : []),
  ];
  const name = effort === undefined ? "" : `effort ${effort}: `;
  const all = `${steps.slice(0, -1).join(", ")} and ${steps.at(-1)}`;
  return `${name}${all}; ${takes(seconds)}`;
}

/** What a training is going to do, in a line for people. */
export function describeTraining(
  { epochs, images, batchSize, validationImages, seconds }: TuningForecast,
): string {
  const best = validationImages > 0
    ? `, and chooses the best epoch by ${countOf(validationImages)} others`
    : "";
  return `learns from ${imagesOf(images)} for ${epochsOf(epochs)}, ${
    countOf(batchSize)
  } a step${best}; ${takes(seconds)}`;
}

/** What `eval` is going to do, in a line for people. */
export function describeMeasuring({ images, seconds }: PassForecast): string {
  return `measures on ${imagesOf(images)}; ${takes(seconds)}`;
}

/** What `calibrate` is going to do, in a line for people. */
export function describeGathering({ images, seconds }: PassForecast): string {
  return `gathers statistics of ${imagesOf(images)}; ${takes(seconds)}`;
}

/** What `explore` is going to do, in a line for people. */
export function describeExploring({ images, judges, sizes, seconds }: ExploreForecast): string {
  return `gathers statistics of ${imagesOf(images)} and measures ${countOf(sizes)} sizes on ${
    countOf(judges)
  } others; ${takes(seconds)}`;
}

/**
 * What a sweep is going to do, in a line for people.
 *
 * @param runs Runs that are to be done, and all.
 * @param seconds About how long one takes; undefined where that is not known.
 * @returns The line.
 */
export function describeRuns(
  { due, all }: { readonly due: number; readonly all: number },
  seconds?: number,
): string {
  if (due === 0) return `has nothing to do: all of its ${countOf(all)} runs are done`;
  const which = due < all
    ? `${countOf(due)} of ${countOf(all)} runs, the others are done`
    : `${countOf(due)} runs`;
  return seconds === undefined
    ? `does ${which}`
    : `does ${which}; ${takes(due * seconds)} if all are like the first`;
}

function imagesOf(count: number): string {
  return `${countOf(count)} ${count === 1 ? "image" : "images"}`;
}

/** Part of an epoch is a share of its steps. */
function epochsOf(count: number): string {
  return `${+count.toFixed(2)} ${count === 1 ? "epoch" : "epochs"}`;
}

function countOf(count: number): string {
  return count.toLocaleString("en-US");
}

function takes(seconds: number): string {
  return `that takes about ${formatDuration(roundUp(seconds))}`;
}

function describePolicy(policy: Forecast["policy"]): string {
  switch (policy.kind) {
    case "uniform":
      return `keeps ${formatPercent(policy.ratio)} of the channels of every layer`;
    case "list":
      return `keeps the channels of ${policy.source}`;
    case "budget":
      return `keeps ${formatPercent(policy.share)} of the ${
        nameOf(policy.target)
      } where least is lost`;
    case "floor":
      return `looks for the smallest network ${
        policy.maxDrop === undefined
          ? `with a relative error of at most ${formatPercent(policy.maxError!)}`
          : `that loses at most ${(100 * policy.maxDrop).toFixed(2)} points of accuracy`
      } with few repairs`;
    case "auto":
      return `searches for a network with ${formatPercent(policy.share)} of the ${
        nameOf(policy.target)
      }`;
  }
}

function nameOf(target: "macs" | "params" | "latency" = "macs"): string {
  return { macs: "MACs", params: "parameters", latency: "latency" }[target];
}

/** A rough number of seconds does not look exact: tens of seconds, and whole minutes from two of them on. */
function roundUp(seconds: number): number {
  const unit = seconds < 120 ? 10 : 60;
  return unit * Math.max(1, Math.ceil(seconds / unit));
}
