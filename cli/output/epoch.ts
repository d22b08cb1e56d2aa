import type { EpochReport } from "../../src/mod.ts";
import { say } from "./messages.ts";
import { formatPercent } from "./table.ts";

/** Prints a line about a finished epoch on standard error. */
export function describeEpoch(report: EpochReport): void {
  const { epoch, loss, accuracy, learningRate, seconds } = report;
  const { validationAccuracy, validationOutputError: error } = report;
  const parts = [
    `epoch ${epoch}: loss ${loss.toFixed(4)}`,
    ...(accuracy === undefined ? [] : [`training ${formatPercent(accuracy)}`]),
    ...(validationAccuracy === undefined
      ? []
      : [`held-out images ${formatPercent(validationAccuracy)}`]),
    ...(error === undefined ? [] : [`relative error on held-out images ${formatPercent(error)}`]),
    `learning rate ${learningRate.toPrecision(3)}`,
    `${seconds.toFixed(0)} s`,
  ];
  say(parts.join(", "));
}
