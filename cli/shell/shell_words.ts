import type {
  BudgetReport,
  Figures,
  WorkbenchAnswer,
  WorkbenchCost,
  WorkbenchEvaluation,
  WorkbenchLayer,
} from "../../src/mod.ts";
import { describeBudget } from "../output/prune_report.ts";
import { formatChange, formatCount, formatPercent, formatTable } from "../output/table.ts";

/** Convolutions for people, one a row. */
export function describeLayers(layers: readonly WorkbenchLayer[]): string {
  return formatTable(
    ["place", "layer", "kept", "of", "lost", "MACs", "cut"],
    layers.map((layer) => [
      ...[layer.place, layer.name, layer.kept, layer.of],
      ...[formatPercent(layer.error), formatCount(layer.macs), describeCut(layer)],
    ]),
  );
}

function describeCut({ mode, together, reason }: WorkbenchLayer): string {
  const partners = together.length > 0 ? `, with ${together.join(" ")}` : "";
  return reason === undefined ? mode + partners : `whole: ${reason}`;
}

/** What the network costs, for people. */
export function describeNetwork({ macs, convMacs }: WorkbenchCost): string {
  return [
    `MACs        ${formatChange(macs, formatCount)}`,
    `  in convolutions ${formatChange(convMacs, formatCount)}`,
  ].join("\n");
}

/** What became of a decision, for people: a line where it is about one convolution. */
export function describeAnswer({ layers, cost }: WorkbenchAnswer): string {
  if (layers.length > 1) return `${describeLayers(layers)}\n\n${describeNetwork(cost)}`;
  const [{ name, kept, of, error, reason }] = layers;
  return [
    `${name} keeps ${kept} of ${of} channels and loses ${formatPercent(error)} of its output` +
    (reason === undefined ? "" : `: ${reason}`),
    describeNetwork(cost),
  ].join("\n");
}

/** What the budget policy chose, for people. */
export function describeBudgetAnswer(report: BudgetReport, cost: WorkbenchCost): string {
  return `${describeBudget(report)}\n${describeNetwork(cost)}`;
}

/** Figures of the network as it stands, for people. */
export function describeEvaluation({ before, after }: WorkbenchEvaluation): string {
  const lines = figureLines(before, after);
  return [...lines, `  on ${after.images} training images; \`save\` repairs more than that`].join(
    "\n",
  );
}

function figureLines(before: Figures, after: Figures): string[] {
  if (after.accuracy === undefined) {
    return [`error       ${formatPercent(after.error)}, relative, of the outputs`];
  }
  return [
    `accuracy    ${formatPercent(before.accuracy!)} -> ${formatPercent(after.accuracy)}`,
    `loss        ${before.loss.toFixed(4)} -> ${after.loss.toFixed(4)}`,
  ];
}
