import { type Chart, renderChart } from "./chart.ts";
import { html } from "./html.ts";
import { renderPage } from "./page.ts";
import type { RunSummary } from "./summarize_run.ts";
import type { Section } from "./section.ts";
import { renderTable } from "./table.ts";
import { type Point, tradeChart } from "./trade_chart.ts";
import { formatBytes, formatCount, formatMilliseconds, formatPercent, unitFor } from "./units.ts";

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

function runsSection(runs: readonly RunSummary[]): Section {
  const share = (change: { before?: number; after?: number }) =>
    change.before === undefined || change.after === undefined
      ? undefined
      : formatPercent(change.after / change.before, 1);
  const optional = (value: number | undefined, format: (value: number) => string) =>
    value === undefined ? undefined : format(value);
  const table = {
    caption: "Figures of the written models; shares are of the network each run began with",
    header: [
      "run",
      "accuracy",
      "before",
      "MACs",
      "share",
      "parameters",
      "share",
      "on disk",
      "latency",
      "share",
      "seed",
    ],
    rows: runs.map((run) => [
      run.name,
      optional(run.accuracy.after, formatPercent),
      optional(run.accuracy.before, formatPercent),
      optional(run.macs.after, formatCount),
      share(run.macs),
      optional(run.params.after, formatCount),
      share(run.params),
      formatBytes(run.bytes.after),
      optional(run.milliseconds.after, formatMilliseconds),
      share(run.milliseconds),
      run.seed,
    ]),
  };
  return {
    id: "runs",
    title: "Runs",
    body: html`${renderTable(table)}<h3>Commands</h3><dl class="facts">${
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
  const charts = [
    macsChart(pointsOf(runs, ({ macs }) => macs)),
    latencyChart(pointsOf(measured, ({ milliseconds }) => milliseconds)),
  ].filter((chart) => chart !== undefined);
  if (charts.length === 0) return undefined;
  const doubt = doubtTimes(measured);
  return {
    id: "trade",
    title: "Accuracy against cost",
    body: html`${charts.map(renderChart)}${doubt && html`<p class="warning">${doubt}.</p>`}`,
  };
}

/** A network that took so much longer in one run than in another was timed on a busy machine. */
const LARGEST_DRIFT = 1.3;

/** Why times of different runs do not compare, where they do not. */
function doubtTimes(runs: readonly RunSummary[]): string | undefined {
  const conditions = new Set(runs.map(({ latency }) => latency));
  if (conditions.size > 1) {
    return `The times cannot be compared, since conditions differ: ${[...conditions].join("; ")}`;
  }
  for (const [name, same] of Map.groupBy(runs, originOf)) {
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

/** Runs began with one network where its name, accuracy and work are the same. */
function originOf({ origin, accuracy, macs }: RunSummary): string {
  return [origin, accuracy.before, macs.before].join("\n");
}

function macsChart(points: readonly Point[]): Chart | undefined {
  if (points.length === 0) return undefined;
  const unit = unitFor(points.map(({ cost }) => cost));
  return tradeChart({
    id: "macs",
    title: "Accuracy against MACs",
    meaning: "Multiply–accumulates for one image, and the share of test images answered rightly.",
    axis: `${unit.word} multiply–accumulates for one image`.trim(),
    points,
    format: formatCount,
    size: unit.size,
  });
}

function latencyChart(points: readonly Point[]): Chart | undefined {
  if (points.length === 0) return undefined;
  return tradeChart({
    id: "latency",
    title: "Accuracy against latency",
    meaning:
      "Median time of model.predict of stock TensorFlow.js (WebAssembly), and the share of test images " +
      "answered rightly.",
    axis: "milliseconds for one image",
    points,
    format: formatMilliseconds,
    size: 1,
  });
}

/** Runs that know accuracy and cost; the networks that they began with, each once and unless a run wrote it. */
function pointsOf(
  runs: readonly RunSummary[],
  costOf: (run: RunSummary) => { readonly before?: number; readonly after?: number },
): Point[] {
  const points = runs.flatMap((run): Point[] => {
    const [cost, worth] = [costOf(run).after, run.accuracy.after];
    return cost === undefined || worth === undefined
      ? []
      : [{ name: run.name, isOriginal: false, cost, worth }];
  });
  const written = new Set(points.map(({ name, worth }) => `${name} ${worth}`));
  const originals = new Map(runs.flatMap((run): [string, Point][] => {
    const [cost, worth] = [costOf(run).before, run.accuracy.before];
    if (cost === undefined || worth === undefined || written.has(`${run.origin} ${worth}`)) {
      return [];
    }
    return [[originOf(run), { name: run.origin, isOriginal: true, cost, worth }]];
  }));
  return [...points, ...originals.values()];
}
