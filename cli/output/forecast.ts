import type { Forecast } from "../../src/mod.ts";
import { formatDuration } from "./progress.ts";
import { formatPercent } from "./table.ts";

/** What a run is going to do, in a line for people. */
export function describeForecast(
  { effort, repairSteps, epochs, seconds, policy }: Forecast,
): string {
  const steps = [
    describePolicy(policy),
    "repairs the layers",
    ...(repairSteps > 0 ? [`repairs the whole network in ${repairSteps} steps`] : []),
    ...(epochs > 0 ? [`tunes it for ${epochs} epochs`] : []),
  ];
  const name = effort === undefined ? "" : `effort ${effort}: `;
  const all = `${steps.slice(0, -1).join(", ")} and ${steps.at(-1)}`;
  return `${name}${all}; that takes about ${formatDuration(roundUp(seconds))}`;
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
  return unit * Math.ceil(seconds / unit);
}
