import { type Html, html } from "../html.ts";
import type { RunRecord } from "../run_record.ts";
import type { Section } from "../section.ts";
import { renderTable } from "../table.ts";
import {
  formatBytes,
  formatCount,
  formatMilliseconds,
  formatNumber,
  formatPercent,
  formatPoints,
} from "../units.ts";

interface Figure {
  readonly name: string;
  readonly meaning: string;
  readonly before?: number;
  readonly after: number;
  readonly format: (value: number) => string;
  /** What became of it; by default the share that is kept. */
  readonly change?: (before: number, after: number) => string;
  /** Whether the share that is kept is drawn. */
  readonly isCost: boolean;
}

/** Figures before and after, with their meaning. */
export function summarySection(record: RunRecord): Section {
  const figures = [...qualityFigures(record), ...costFigures(record)];
  return {
    id: "summary",
    title: record.kind === "train" ? "Figures" : "Before and after",
    body: html`<dl class="figures">${figures.map(renderFigure)}</dl>${outputsTable(record)}`,
  };
}

function qualityFigures(record: RunRecord): Figure[] {
  const { kind, report: { accuracy, outputError, loss } } = record;
  const beforeOf = (before: number) => kind === "train" ? undefined : before;
  const inPoints = (before: number, after: number) => formatPoints(after - before);
  if (outputError) {
    const { before, after } = outputError;
    const isOwnReference = kind === "prune";
    return [{
      name: "Relative error of the outputs",
      meaning:
        `root mean square difference from those of ${
          referenceOf(record)
        } on the test images, as a ` +
        "share of their standard deviation; 0 is the same",
      before: isOwnReference ? undefined : before,
      after,
      format: formatPercent,
      change: inPoints,
      isCost: false,
    }];
  }
  return [
    ...(accuracy
      ? [{
        name: "Accuracy",
        meaning: "share of the test images whose likeliest class is the right one",
        before: beforeOf(accuracy.before),
        after: accuracy.after,
        format: formatPercent,
        change: inPoints,
        isCost: false,
      }]
      : []),
    {
      name: "Loss",
      meaning:
        "mean cross-entropy on the test images, in nats: how unlikely the right class seemed; less is better",
      before: beforeOf(loss.before),
      after: loss.after,
      format: (nats: number) => formatNumber(nats, 4),
      change: (before: number, after: number) =>
        `${after > before ? "+" : ""}${formatNumber(after - before, 4)}`,
      isCost: false,
    },
  ];
}

/** What outputs are compared with. */
export function referenceOf({ kind }: RunRecord): string {
  return kind === "prune" ? "the original" : "the teacher";
}

/** Several outputs by themselves. */
function outputsTable({ report: { outputError } }: RunRecord): Html | undefined {
  const outputs = outputError?.outputs ?? [];
  if (outputs.length < 2) return undefined;
  return html`<h3>Every output by itself</h3>
${
    renderTable({
      caption:
        "Relative error of every output on the test images; above is the root of the mean square",
      header: ["output", "before", "after"],
      rows: outputs.map(({ name, before, after }) => [
        name,
        formatPercent(before),
        formatPercent(after),
      ]),
    })
  }`;
}

function costFigures(record: RunRecord): Figure[] {
  const { profile, bytes } = record;
  const figure = (
    name: string,
    meaning: string,
    values: { readonly before?: number; readonly after?: number },
    format: (value: number) => string,
  ): Figure[] =>
    values.after === undefined
      ? []
      : [{ name, meaning, before: values.before, after: values.after, format, isCost: true }];
  const { macs, convMacs, params } = costsOf(record);
  const batch = profile?.latency?.batchSize;
  return [
    ...figure(
      "MACs",
      `multiply–accumulates for one image${sizeOf(record)}: the work of all layers`,
      macs,
      formatCount,
    ),
    ...figure(
      "MACs in convolutions",
      "of these, those of convolutions and depthwise convolutions, selectors included",
      convMacs,
      formatCount,
    ),
    ...figure(
      "Latency",
      `time for one image${batch === 1 ? "" : `, ${batch} at a time`}: median of model.predict ` +
        "of stock TensorFlow.js (WebAssembly) on this machine",
      { before: profile?.before?.milliseconds, after: profile?.after.milliseconds },
      formatMilliseconds,
    ),
    ...figure("Parameters", "weights, moving statistics included", params, formatCount),
    ...figure("On disk", "bytes of the model's files", bytes, formatBytes),
  ];
}

/** What MACs are counted for, where the model leaves it open. */
function sizeOf({ profile, ...record }: RunRecord): string {
  const sizes = profile?.countedFor ??
    (record.kind === "prune" ? record.report.countedFor : undefined);
  return sizes === undefined
    ? ""
    : ` of ${sizes.map(({ shape }) => shape.join("×")).join(" and ")}`;
}

interface Costs {
  readonly before?: number;
  readonly after?: number;
}

/** Costs by the profile, or by the report of a pruning run that has none. */
export function costsOf(
  { profile, ...record }: RunRecord,
): { readonly macs: Costs; readonly convMacs: Costs; readonly params: Costs } {
  if (profile) {
    const pick = (cost: "macs" | "convMacs" | "params") => ({
      before: profile.before?.[cost],
      after: profile.after[cost],
    });
    return { macs: pick("macs"), convMacs: pick("convMacs"), params: pick("params") };
  }
  if (record.kind !== "prune") return { macs: {}, convMacs: {}, params: {} };
  const { macs, params } = record.report;
  return {
    macs: { before: macs.before, after: macs.after },
    convMacs: { before: macs.convBefore, after: macs.convAfter },
    params,
  };
}

function renderFigure(
  { name, meaning, before, after, format, change = describeShare, isCost }: Figure,
): Html {
  const isChanged = before !== undefined && before !== after;
  return html`
    <div class="figure">
      <dt>${name}</dt>
      <dd><span class="value">${format(after)}</span>${before === undefined ? undefined : html`
        <span class="was">${isChanged
          ? html`was ${format(before)} <b>${change(before, after)}</b>`
          : "as before"}</span>
      `}${isCost && isChanged
        ? html`<span class="share" aria-hidden="true"><span style="width: ${
          Math.min(100, 100 * after / before).toFixed(1)
        }%"></span></span>`
        : undefined}<span class="meaning">${meaning}</span></dd>
    </div>
  `;
}

function describeShare(before: number, after: number): string {
  return after > before
    ? `${formatNumber(after / before, 2)} times as much`
    : `${formatPercent(after / before, 1)} kept`;
}
