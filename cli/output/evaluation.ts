import type { EvaluationReport } from "../../src/mod.ts";
import { say } from "./messages.ts";
import type { Outputs } from "./outputs.ts";
import { formatPercent } from "./table.ts";
import { wordNotices } from "./word_report.ts";

/**
 * Prints what an evaluation found, and names on standard error the images that cannot be read.
 *
 * @param report What was found.
 * @param flags Whether JSON is asked for.
 */
export function printEvaluation(report: EvaluationReport, { json }: { json?: boolean }): void {
  if (json) {
    console.log(JSON.stringify(wordNotices(report) satisfies Outputs["eval"]));
    return;
  }
  const { images, seconds, unreadableReasons } = report;
  console.log(`${describeFigures(report)} on ${images} images in ${seconds.toFixed(1)} s`);
  for (const reason of unreadableReasons) say(`skipped an image: ${reason}`);
}

function describeFigures({ accuracy, loss, outputError, outputs }: EvaluationReport): string {
  if (outputError === undefined) {
    return `accuracy ${formatPercent(accuracy!)}, loss ${loss.toFixed(4)}`;
  }
  const each = outputs!.map(({ name, error }) => `${name} ${formatPercent(error)}`).join(", ");
  return `relative error of the outputs ${formatPercent(outputError)}` +
    (outputs!.length > 1 ? ` (${each})` : "");
}
