import { type Chart, renderChart } from "./chart.ts";
import { html } from "./html.ts";
import { renderPage } from "./page.ts";
import { ACCURACY, type Measure, OUTPUT_ERROR } from "./measure.ts";
import type { KnownChange, RunSummary } from "./summarize_run.ts";
import type { Section } from "./section.ts";
import { renderTable, type Table } from "./table.ts";
import { type Point, tradeChart } from "./trade_chart.ts";
import {
  formatBytes,
  formatCount,
  formatMilliseconds,
  formatPercent,
  type Unit,
  unitFor,
} from "./units.ts";

/**
 * Draws runs side by side: one HTML page that needs no other file and no network.
 *
 * @param runs The runs.
 * @returns The page.
 */
export function drawComparison(runs: readonly RunSummary[]): string {
  const sections = [runsSection(runs), tradeSection(runs)];
  return renderPage({
    title: `${runs.length} runs side by side`,
    kind: "Comparison",
    lead: html`${runs.map(({ name }) => name).join(", ")}`,
    sections: sections.filter((section) => section !== undefined),
  });
}

/** A column of the table of runs: its name, and the cell of a run. */
type Column = readonly [
  name: string,
  cellOf: (run: RunSummary) => string | number | undefined,
];

/** A row for every run; columns of which no run knows anything are left out. */
function tableOf(caption: string, runs: readonly RunSummary[], columns: readonly Column[]): Table {
  const known = columns.filter(([, cellOf]) => runs.some((run) => cellOf(run) !== undefined));
  return {
    caption,
    header: ["run", ...known.map(([name]) => name)],
    rows: runs.map((run) => [run.name, ...known.map(([, cellOf]) => cellOf(run))]),
  };
}

function runsSection(runs: readonly RunSummary[]): Section {
  const share = (change: KnownChange) =>
    change.before === undefined || change.after === undefined
      ? undefined
      : formatPercent(change.after / change.before, 1);
  const optional = (value: number | undefined, format: (value: number) => string) =>
    value === undefined ? undefined : format(value);
  const figures = tableOf("Figures, and those before", runs, [
    ["accuracy", ({ accuracy }) => optional(accuracy.after, formatPercent)],
    ["before", ({ accuracy }) => optional(accuracy.before, formatPercent)],
    ["relative error", ({ outputError }) => optional(outputError.after, formatPercent)],
    ["before", ({ outputError }) => optional(outputError.before, formatPercent)],
    ["seed", ({ seed }) => seed],
  ]);
  const costs = tableOf("Costs, and shares of those before", runs, [
    ["MACs", ({ macs }) => optional(macs.after, formatCount)],
    ["share", ({ macs }) => share(macs)],
    ["parameters", ({ params }) => optional(params.after, formatCount)],
    ["share", ({ params }) => share(params)],
    ["on disk", ({ bytes }) => formatBytes(bytes.after)],
    ["latency", ({ milliseconds }) => optional(milliseconds.after, formatMilliseconds)],
    ["share", ({ milliseconds }) => share(milliseconds)],
  ]);
  return {
    id: "runs",
    title: "Runs",
    body: html`${[figures, costs].map(renderTable)}<h3>Commands</h3><dl class="facts">${
      runs.map(({ name, command }) =>
        html`
          <div>
            <dt>${name}</dt>
            <dd class="command">${command}</dd>
          </div>
        `
      )
    }</dl>`,
  };
}

function tradeSection(runs: readonly RunSummary[]): Section | undefined {
  const measured = runs.filter(({ latency }) => latency !== undefined);
  const charts = MEASURES.flatMap(({ measure, figureOf }) => [
    drawTrade(measure, MACS, pointsOf(runs, figureOf, ({ macs }) => macs)),
    drawTrade(measure, LATENCY, pointsOf(measured, figureOf, ({ milliseconds }) => milliseconds)),
  ]).filter((chart) => chart !== undefined);
  if (charts.length === 0) return undefined;
  const doubt = doubtTimes(measured);
  return {
    id: "trade",
    title: "What is kept, and what it costs",
    body: html`${charts.map(renderChart)}${doubt && html`<p class="warning">${doubt}.</p>`}`,
  };
}

/** Picks a figure or a cost of a run. */
type Picked = (run: RunSummary) => KnownChange;

const MEASURES: readonly { readonly measure: Measure; readonly figureOf: Picked }[] = [
  { measure: ACCURACY, figureOf: ({ accuracy }) => accuracy },
  { measure: OUTPUT_ERROR, figureOf: ({ outputError }) => outputError },
];

/** What a network costs. */
interface Cost {
  readonly name: string;
  readonly id: string;
  readonly meaning: string;
  readonly axis: (unit: Unit) => string;
  readonly unitFor: (costs: readonly number[]) => Unit;
  readonly format: (cost: number) => string;
}

const MACS: Cost = {
  name: "MACs",
  id: "macs",
  meaning: "Multiply–accumulates for one image",
  axis: ({ word }) => `${word} multiply–accumulates for one image`.trim(),
  unitFor,
  format: formatCount,
};

const LATENCY: Cost = {
  name: "latency",
  id: "latency",
  meaning: "Median time for one image of model.predict of stock TensorFlow.js (WebAssembly)",
  axis: () => "milliseconds for one image",
  unitFor: () => ({ size: 1, word: "", sign: "" }),
  format: formatMilliseconds,
};

function drawTrade(measure: Measure, cost: Cost, points: readonly Point[]): Chart | undefined {
  if (points.length === 0) return undefined;
  const unit = cost.unitFor(points.map((point) => point.cost));
  return tradeChart({
    id: measure === ACCURACY ? cost.id : `error-${cost.id}`,
    title: `${measure.title} against ${cost.name}`,
    meaning: `${cost.meaning}, and ${measure.meaning}.`,
    axis: cost.axis(unit),
    format: cost.format,
    size: unit.size,
    measure,
    points,
  });
}

/** A network that took so much longer in one run than in another was timed on a busy machine. */
const LARGEST_DRIFT = 1.3;

/** Why times of different runs do not compare, where they do not. */
function doubtTimes(runs: readonly RunSummary[]): string | undefined {
  const conditions = new Set(runs.map(({ latency }) => latency));
  if (conditions.size > 1) {
    return `The times cannot be compared, since conditions differ: ${[...conditions].join("; ")}`;
  }
  const networks = Map.groupBy(runs, ({ origin, macs }) => `${origin}\n${macs.before}`);
  for (const [name, same] of networks) {
    const times = same.flatMap(({ milliseconds }) => milliseconds.before ?? []);
    const [least, most] = [Math.min(...times), Math.max(...times)];
    if (times.length > 1 && most > LARGEST_DRIFT * least) {
      return `The times cannot be compared: ${
        name.split("\n")[0]
      }, which several runs began with, took ${formatMilliseconds(least)} in one and ${
        formatMilliseconds(most)
      } in another, so the machine was busy`;
    }
  }
}

/** Runs began with one network where its name, figure and work are the same. */
function originOf({ origin, accuracy, outputError, macs }: RunSummary): string {
  return [origin, accuracy.before, outputError.before, macs.before].join("\n");
}

/** Runs that know figure and cost; the networks that they began with, each once and unless a run wrote it. */
function pointsOf(runs: readonly RunSummary[], figureOf: Picked, costOf: Picked): Point[] {
  const points = runs.flatMap((run): Point[] => {
    const [cost, share] = [costOf(run).after, figureOf(run).after];
    return cost === undefined || share === undefined
      ? []
      : [{ name: run.name, isOriginal: false, cost, share }];
  });
  const written = new Set(points.map(({ name, share }) => `${name} ${share}`));
  const originals = new Map(runs.flatMap((run): [string, Point][] => {
    const [cost, share] = [costOf(run).before, figureOf(run).before];
    if (cost === undefined || share === undefined || written.has(`${run.origin} ${share}`)) {
      return [];
    }
    return [[originOf(run), { name: run.origin, isOriginal: true, cost, share }]];
  }));
  return [...points, ...originals.values()];
}
