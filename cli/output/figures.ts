import type { Change, FigureChanges } from "../../src/mod.ts";
import { formatPercent } from "./table.ts";

/** Figures of a network between its cut and its tuning. */
export interface FiguresBetween {
  /** Share of images classified rightly. */
  readonly accuracy?: number;
  /** Relative error of the outputs. */
  readonly outputError?: number;
  /** Loss. */
  readonly loss?: number;
}

/** Accuracy and loss, or relative errors of the outputs, as lines of a report. */
export function figureLines(
  { accuracy, outputError, loss }: FigureChanges,
  between: FiguresBetween = {},
): string[] {
  if (outputError) return errorLines(outputError, between.outputError);
  return [
    `accuracy    ${stages(accuracy!, between.accuracy).map(formatPercent).join(" -> ")}`,
    `loss        ${stages(loss, between.loss).map((nats) => nats.toFixed(4)).join(" -> ")}`,
  ];
}

/** Several outputs stand below their mean, by name. */
function errorLines(
  { outputs, ...all }: NonNullable<FigureChanges["outputError"]>,
  between?: number,
): string[] {
  const formatStages = (values: number[]) => values.map(formatPercent).join(" -> ");
  const each = outputs.map((output) => `  ${output.name} ${formatStages(stages(output))}`);
  return [
    `error       ${formatStages(stages(all, between))}, relative, of the outputs`,
    ...(each.length > 1 ? each : []),
  ];
}

/** A figure before, between where there is one, and after. */
function stages({ before, after }: Change, between?: number): number[] {
  return [before, ...(between === undefined ? [] : [between]), after];
}
