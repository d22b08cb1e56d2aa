import type { EpochReport } from "../src/mod.ts";
import { formatPercent } from "./table.ts";

/** Prints a line about a finished epoch on standard error. */
export function describeEpoch(report: EpochReport): void {
  const { epoch, loss, accuracy, validationAccuracy, learningRate, seconds } = report;
  const held = validationAccuracy === undefined
    ? ""
    : `, held-out images ${formatPercent(validationAccuracy)}`;
  console.error(
    `epoch ${epoch}: loss ${loss.toFixed(4)}, training ${formatPercent(accuracy)}${held}, ` +
      `learning rate ${learningRate.toPrecision(3)}, ${seconds.toFixed(0)} s`,
  );
}
