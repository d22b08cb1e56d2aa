import { barX, ruleX, text } from "@observablehq/plot";
import { writeMessage } from "../../base/mod.ts";
import type { NetworkProfile, RunProfile } from "../../cost/mod.ts";
import { isNarrow, nameRows } from "../bands.ts";
import { type Chart, renderChart } from "../chart.ts";
import { type Html, html } from "../html.ts";
import type { Section } from "../section.ts";
import { formatCount, formatMilliseconds, formatPercent, unitFor } from "../units.ts";

/** A cost before and after; one of them is absent for a layer that is not in both networks. */
interface Row {
  readonly name: string;
  readonly note?: string;
  readonly before?: number;
  readonly after?: number;
}

/** A cost that is drawn, row by row. */
interface CostChart extends Pick<Chart, "id" | "title" | "meaning" | "breadth"> {
  readonly rows: readonly Row[];
  readonly rowsAre: string;
  readonly unit: { readonly size: number; readonly label: string };
  readonly format: (value: number) => string;
}

/** Rows of a chart of times; what is left over is added up. */
const MOST_ROWS = 30;

/** Where the work and the time go. */
export function costsSection(profile: RunProfile): Section {
  const { before, after, latency, latencyFailure } = profile;
  const charts = [macsChart(before, after), ...(latency ? timeCharts(profile) : [])];
  return {
    id: "costs",
    title: latency ? "Where the MACs and the milliseconds go" : "Where the MACs go",
    body: html`${charts.map(renderChart)}${
      latency
        ? sumNote(after)
        : latencyFailure && html`<p>Times are missing: ${writeMessage(latencyFailure)}.</p>`
    }`,
  };
}

function macsChart(before: NetworkProfile | undefined, after: NetworkProfile): Chart {
  const rows = joinLayers(before, after, ({ macs }) => macs)
    .filter((row) => (row.before ?? 0) + (row.after ?? 0) > 0);
  const unit = unitFor(rows.flatMap((row) => [row.before ?? 0, row.after ?? 0]));
  return costChart({
    id: "macs",
    title: "Multiply–accumulates per layer",
    meaning:
      "For one image, in the layers that have any. A layer that the original did not have is a " +
      "selector: it hands a convolution the channels that it keeps.",
    rows,
    rowsAre: "layer",
    unit: { size: unit.size, label: `${unit.word} multiply–accumulates`.trim() },
    format: formatCount,
  });
}

function timeCharts({ before, after, latency }: RunProfile): Chart[] {
  const rows = joinLayers(before, after, ({ milliseconds }) => milliseconds ?? 0);
  const batch = latency!.batchSize === 1 ? "one at a time" : `${latency!.batchSize} at a time`;
  const unit = { size: 1, label: "milliseconds for one image" };
  const common = { unit, format: formatMilliseconds };
  return [
    costChart({
      ...common,
      id: "time-by-class",
      title: "Milliseconds per kind of layer",
      meaning:
        `Stock TensorFlow.js (WebAssembly) on this machine, images ${batch}; every layer run by itself.`,
      rows: sumByClass(before, after),
      rowsAre: "kind of layer",
    }),
    costChart({
      ...common,
      id: "time-by-layer",
      title: "Milliseconds per layer",
      meaning: rows.length > MOST_ROWS
        ? `The ${MOST_ROWS} slowest layers in the order of the network, and the sum of the others. All are in the table.`
        : "Every layer, in the order of the network.",
      rows: keepSlowest(rows),
      rowsAre: "layer",
    }, rows),
  ];
}

function costChart(cost: CostChart, tableRows: readonly Row[] = cost.rows): Chart {
  const { rows, rowsAre, unit, format, ...chart } = cost;
  const hasBefore = rows.some(({ before }) => before !== undefined);
  const total = (side: "before" | "after") => rows.reduce((sum, row) => sum + (row[side] ?? 0), 0);
  const largest = rows.toSorted((a, b) => (b.after ?? 0) - (a.after ?? 0))[0];
  const share = (value: number | undefined, side: "before" | "after") =>
    value === undefined ? undefined : formatPercent(value / total(side), 1);
  return {
    ...chart,
    summary: `The sum is ${format(total("after"))}` +
      (hasBefore ? `, before ${format(total("before"))}` : "") +
      `; most of it is in ${largest.name}, ${format(largest.after ?? 0)}.`,
    legend: hasBefore
      ? [
        { label: "before", color: "--before", shape: "bar" },
        { label: "after", color: "--after", shape: "bar" },
      ]
      : undefined,
    draw: (width) => ({
      ...nameRows(rows.map(({ name }) => name), width, rowsAre),
      marginRight: 66,
      x: {
        label: unit.label,
        labelAnchor: "center",
        labelArrow: "none",
        grid: true,
        ticks: isNarrow(width) ? 4 : 8,
      },
      marks: [
        barX(rows.filter(({ before }) => before), {
          y: "name",
          x: (row: Row) => row.before! / unit.size,
          fill: "var(--before)",
          stroke: "var(--before-line)",
          title: (row: Row) => `${row.name} before: ${format(row.before!)}`,
        }),
        barX(rows.filter(({ after }) => after), {
          y: "name",
          x: (row: Row) => row.after! / unit.size,
          insetTop: hasBefore ? 3 : 0,
          insetBottom: hasBefore ? 3 : 0,
          fill: "var(--after)",
          title: (row: Row) => `${row.name} after: ${format(row.after!)}`,
        }),
        ruleX([0]),
        text(rows, {
          y: "name",
          x: (row: Row) => Math.max(row.before ?? 0, row.after ?? 0) / unit.size,
          dx: 6,
          textAnchor: "start",
          text: (row: Row) => row.after === undefined ? "gone" : format(row.after),
        }),
      ],
    }),
    table: {
      caption: chart.title,
      header: hasBefore
        ? [rowsAre, "class", "before", "share", "after", "share"]
        : [rowsAre, "class", "value", "share"],
      rows: tableRows.map(({ name, note, before, after }) => [
        name,
        note,
        ...(hasBefore
          ? [before === undefined ? undefined : format(before), share(before, "before")]
          : []),
        after === undefined ? undefined : format(after),
        share(after, "after"),
      ]),
    },
  };
}

/** The layers of both networks: in the order of the second, those that are gone where they were. */
function joinLayers(
  before: NetworkProfile | undefined,
  after: NetworkProfile,
  costOf: (layer: NetworkProfile["layers"][number]) => number,
): Row[] {
  const earlier = new Map(before?.layers.map((layer) => [layer.name, costOf(layer)]));
  const rows: Row[] = after.layers.map((layer) => ({
    name: layer.name,
    note: layer.className,
    before: earlier.get(layer.name),
    after: costOf(layer),
  }));
  const present = new Set(rows.map(({ name }) => name));
  before?.layers.forEach((layer, place) => {
    if (present.has(layer.name)) return;
    const previous = before.layers[place - 1]?.name;
    const at = rows.findIndex(({ name }) => name === previous) + 1;
    rows.splice(at, 0, { name: layer.name, note: layer.className, before: costOf(layer) });
  });
  return rows;
}

function sumByClass(before: NetworkProfile | undefined, after: NetworkProfile): Row[] {
  const sums = (network: NetworkProfile | undefined) => {
    const byClass = new Map<string, number>();
    for (const { className, milliseconds = 0 } of network?.layers ?? []) {
      byClass.set(className, (byClass.get(className) ?? 0) + milliseconds);
    }
    return byClass;
  };
  const [earlier, later] = [sums(before), sums(after)];
  return [...new Set([...later.keys(), ...earlier.keys()])]
    .map((name) => ({
      name,
      before: before && (earlier.get(name) ?? 0),
      after: later.get(name) ?? 0,
    }))
    .toSorted((a, b) => (b.before ?? b.after) - (a.before ?? a.after));
}

function keepSlowest(rows: readonly Row[]): Row[] {
  if (rows.length <= MOST_ROWS) return [...rows];
  const weight = ({ before = 0, after = 0 }: Row) => Math.max(before, after);
  const slowest = new Set(rows.toSorted((a, b) => weight(b) - weight(a)).slice(0, MOST_ROWS));
  const others = rows.filter((row) => !slowest.has(row));
  const add = (side: "before" | "after") => others.reduce((sum, row) => sum + (row[side] ?? 0), 0);
  const hasBefore = rows.some(({ before }) => before !== undefined);
  return [
    ...rows.filter((row) => slowest.has(row)),
    {
      name: `${others.length} other layers`,
      before: hasBefore ? add("before") : undefined,
      after: add("after"),
    },
  ];
}

function sumNote({ layers, milliseconds }: NetworkProfile): Html {
  const sum = layers.reduce((total, layer) => total + (layer.milliseconds ?? 0), 0);
  return html`<p>The layers of the written model add up to ${
    formatMilliseconds(sum)
  }; model.predict takes ${formatMilliseconds(milliseconds!)}, its own upkeep included.</p>`;
}
