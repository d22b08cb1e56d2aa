import { type Html, html } from "./html.ts";
import { renderPage } from "./page.ts";
import type { RunRecord } from "./run_record.ts";
import type { Section } from "./section.ts";
import { answersSection, changedSection } from "./sections/answers.ts";
import { costsSection } from "./sections/costs.ts";
import { layersSection } from "./sections/layers.ts";
import { provenanceSection } from "./sections/provenance.ts";
import { searchSection } from "./sections/search.ts";
import { costsOf, referenceOf, summarySection } from "./sections/summary.ts";
import { trainingSection } from "./sections/training.ts";
import { formatPercent } from "./units.ts";

const DONE: Record<RunRecord["kind"], string> = {
  prune: "Pruning report",
  finetune: "Tuning report",
  train: "Training report",
};

/**
 * Draws the report of a run: one HTML page that needs no other file and no network.
 *
 * @param record The run.
 * @returns The page.
 */
export function drawReport(record: RunRecord): string {
  const { kind, profile, answers } = record;
  const hasBefore = kind !== "train";
  const sections: (Section | undefined)[] = [
    summarySection(record),
    kind === "prune" ? layersSection(record) : undefined,
    profile && costsSection(profile),
    kind === "prune" ? searchSection(record) : undefined,
    trainingSection(record),
    answers && answersSection(answers, hasBefore),
    answers && hasBefore ? changedSection(answers) : undefined,
    provenanceSection(record),
  ];
  return renderPage({
    title: nameOf(record.out),
    kind: DONE[kind],
    lead: describeOutcome(record),
    sections: sections.filter((section) => section !== undefined),
  });
}

/** The last part of a path that tells: a model.json is called by its folder. */
export function nameOf(path: string): string {
  const telling = path.replace(/[\\/]model\.json$/, "").replace(/[\\/]+$/, "");
  return telling.split(/[\\/]/).at(-1) || path;
}

function describeOutcome(record: RunRecord): Html {
  const { kind, model } = record;
  const quality = describeQuality(record);
  if (kind === "train") return html`A new ${model} network${quality && html`, ${quality}`}.`;
  const { macs: { before, after }, params } = costsOf(record);
  const isSmaller = before !== undefined && after !== undefined && before !== after;
  return html`Made from ${nameOf(model)}${quality && html`: ${quality}`}${
    isSmaller
      ? html`, with <b>${formatPercent(after / before, 1)}</b> of the multiply–accumulates and <b>${
        formatPercent(params.after! / params.before!, 1)
      }</b> of the parameters`
      : undefined
  }.`;
}

/** A network that is pruned has no error before, and a new one has no figures worth telling. */
function describeQuality(record: RunRecord): Html | undefined {
  const { kind, report: { accuracy, outputError } } = record;
  const earlier = (before: number, isTold: boolean) =>
    isTold ? ` (before: ${formatPercent(before)})` : undefined;
  if (accuracy) {
    return html`<b>${formatPercent(accuracy.after)}</b> of the test images right${
      earlier(accuracy.before, kind !== "train")
    }`;
  }
  if (outputError) {
    return html`a relative error of <b>${
      formatPercent(outputError.after)
    }</b> against the outputs of ${referenceOf(record)}${
      earlier(outputError.before, kind !== "prune")
    }`;
  }
}
