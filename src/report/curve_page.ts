import type { Chart } from "./chart.ts";
import { renderChart } from "./chart.ts";
import { html } from "./html.ts";
import { ACCURACY, type Measure, OUTPUT_ERROR } from "./measure.ts";
import { renderPage } from "./page.ts";
import { renderTable } from "./table.ts";
import { tradeChart } from "./trade_chart.ts";
import { formatCount, formatMilliseconds, formatPercent, unitFor } from "./units.ts";

/** A network of a curve. */
export interface DrawnPoint {
  /** Share of the cost that it may keep. */
  readonly share: number;
  /** Multiply–accumulates for one image. */
  readonly macs: number;
  /** Number of weights. */
  readonly params: number;
  /** Estimated milliseconds for one image. */
  readonly milliseconds?: number;
  /** Share of the images classified rightly; absent where outputs are compared. */
  readonly accuracy?: number;
  /** Accuracy lost, or the relative error of the outputs. */
  readonly drop: number;
  /** Standard error of that. */
  readonly standardError: number;
}

/** A network from large to small. */
export interface DrawnCurve {
  /** Its name. */
  readonly name: string;
  /** What the shares are of. */
  readonly target: "macs" | "params" | "latency";
  /** The network as it is. */
  readonly original: Pick<DrawnPoint, "macs" | "params" | "accuracy"> & { readonly images: number };
  /** Smaller ones, the largest first. */
  readonly points: readonly DrawnPoint[];
}

/**
 * Draws how much a network loses at which size: one HTML page that needs no other file and no network.
 *
 * @param curve The curve.
 * @returns The page.
 */
export function drawCurve(curve: DrawnCurve): string {
  const { name, original: { images } } = curve;
  const charts = AXES.flatMap((axis) => drawAxis(curve, axis) ?? []);
  return renderPage({
    title: `How small ${name} can be`,
    kind: "Curve",
    lead:
      html`Measured on ${images} held-out training images, read off the statistics and not repaired: prune loses less at the same size.`,
    sections: [
      {
        id: "curve",
        title: "What is kept, and what it costs",
        body: html`${charts.map(renderChart)}`,
      },
      { id: "figures", title: "Figures", body: renderTable(tableOf(curve)) },
    ],
  });
}

/** What networks are drawn against. */
interface Axis {
  readonly id: string;
  readonly name: string;
  readonly meaning: string;
  readonly costOf: (point: DrawnPoint) => number | undefined;
  readonly format: (cost: number) => string;
  readonly counts: boolean;
}

const AXES: readonly Axis[] = [
  {
    id: "macs",
    name: "multiply–accumulates for one image",
    meaning: "Multiply–accumulates for one image",
    costOf: ({ macs }) => macs,
    format: formatCount,
    counts: true,
  },
  {
    id: "params",
    name: "parameters",
    meaning: "Number of weights",
    costOf: ({ params }) => params,
    format: formatCount,
    counts: true,
  },
  {
    id: "latency",
    name: "milliseconds for one image",
    meaning: "Estimated time for one image on stock TensorFlow.js, from measured times of layers",
    costOf: ({ milliseconds }) => milliseconds,
    format: formatMilliseconds,
    counts: false,
  },
];

function drawAxis({ original, points }: DrawnCurve, axis: Axis): Chart | undefined {
  const measure: Measure = original.accuracy === undefined ? OUTPUT_ERROR : ACCURACY;
  const drawn = points.flatMap((point) => {
    const cost = axis.costOf(point);
    const share = point.accuracy ?? point.drop;
    const name = `${Math.round(100 * point.share)} %`;
    return cost === undefined ? [] : [{ name, isOriginal: false, cost, share }];
  });
  if (drawn.length === 0) return undefined;
  const whole = axis.costOf({ ...original, share: 1, drop: 0, standardError: 0 });
  const all = whole === undefined ? drawn : [
    { name: "original", isOriginal: true, cost: whole, share: original.accuracy ?? 0 },
    ...drawn,
  ];
  const unit = axis.counts ? unitFor(all.map(({ cost }) => cost)) : { size: 1, word: "", sign: "" };
  return tradeChart({
    id: axis.id,
    title: `${measure.title} against ${axis.name}`,
    meaning: `${axis.meaning}, and ${
      measure === ACCURACY
        ? "the share of held-out training images answered rightly"
        : "how far the outputs for held-out training images are from the original's"
    }.`,
    axis: `${unit.word} ${axis.name}`.trim(),
    images: "held-out training images",
    labels: { smaller: "smaller, read off the statistics", original: "the original" },
    format: axis.format,
    size: unit.size,
    measure,
    points: all,
  });
}

function tableOf({ original, points }: DrawnCurve) {
  const isClassified = original.accuracy !== undefined;
  const hasTimes = points.some(({ milliseconds }) => milliseconds !== undefined);
  return {
    caption: "Networks from large to small",
    header: [
      ...["keeps", "MACs", "parameters", ...(hasTimes ? ["latency"] : [])],
      ...(isClassified ? ["accuracy", "drop"] : ["relative error"]),
      "standard error",
    ],
    rows: points.map((point) => [
      formatPercent(point.share, 0),
      formatCount(point.macs),
      formatCount(point.params),
      ...(hasTimes ? [point.milliseconds && formatMilliseconds(point.milliseconds)] : []),
      ...(isClassified ? [formatPercent(point.accuracy!)] : []),
      formatPercent(point.drop),
      formatPercent(point.standardError),
    ]),
  };
}
