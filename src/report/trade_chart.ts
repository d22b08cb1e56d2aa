import { dot, line, scale, type ScaleOptions, text } from "@observablehq/plot";
import type { Chart } from "./chart.ts";
import type { Measure } from "./measure.ts";
import { paretoFront } from "../base/mod.ts";
import { placeLabels } from "./place_labels.ts";
import { formatPercent, shorten } from "./units.ts";

/** A run, or the network it began with, in a chart. */
export interface Point {
  /** What it is called. */
  readonly name: string;
  /** Whether a run began with it. */
  readonly isOriginal: boolean;
  /** What it costs. */
  readonly cost: number;
  /** What it has by the measure. */
  readonly share: number;
}

/** What is drawn. */
export interface TradeOff extends Pick<Chart, "id" | "title" | "meaning"> {
  /** What the networks are measured by. */
  readonly measure: Measure;
  /** The cost, with its unit. */
  readonly axis: string;
  /** The networks. */
  readonly points: readonly Point[];
  /** Writes a cost. */
  readonly format: (cost: number) => string;
  /** What one of the axis' unit stands for. */
  readonly size: number;
  /** What the networks were measured on. Default: test images. */
  readonly images?: string;
  /** What the networks are. Default: those that runs wrote, and those that they began with. */
  readonly labels?: { readonly smaller: string; readonly original: string };
}

/** What the networks of a comparison are. */
const RUNS = { smaller: "written by a run", original: "what runs began with" } as const;

/** A measure against a cost, with the Pareto front. */
export function tradeChart(
  { id, title, meaning, measure, axis, points, format, size, ...words }: TradeOff,
): Chart {
  const { images = "test images", labels = RUNS } = words;
  const front = paretoFront(
    points.map((point) => ({ point, cost: point.cost, quality: measure.qualityOf(point.share) })),
  ).map(({ point }) => point);
  const costOf = ({ cost }: Point) => cost / size;
  const perCent = ({ share }: Point) => 100 * share;
  const isBest = (point: Point) => front.includes(point);
  return {
    id,
    title,
    meaning,
    summary: `On the Pareto front, the cheapest first: ${
      front.map(({ name }) => name).join(", ")
    }.`,
    legend: [
      { label: labels.smaller, color: "--after", shape: "dot" },
      { label: labels.original, color: "--before-line", shape: "ring" },
      {
        label: "Pareto front: no other network is better in both",
        color: "--muted",
        shape: "line",
      },
    ],
    draw(width) {
      const x = scaleOver(points.map(costOf), [LEFT, width - RIGHT], { label: axis, zero: true });
      const y = scaleOver(points.map(perCent), [HEIGHT - BOTTOM, TOP], {
        label: `${measure.name} on ${images} (%)`,
      });
      return {
        height: HEIGHT,
        marginLeft: LEFT,
        marginRight: RIGHT,
        marginTop: TOP,
        marginBottom: BOTTOM,
        grid: true,
        x: { ...x, labelAnchor: "center", ticks: 5 },
        y,
        marks: [
          line(front, { x: costOf, y: perCent, curve: "step-after", stroke: "var(--muted)" }),
          dot(points.filter(({ isOriginal }) => isOriginal), {
            x: costOf,
            y: perCent,
            r: 5,
            stroke: "var(--before-line)",
            fill: "var(--paper)",
          }),
          dot(points.filter(({ isOriginal }) => !isOriginal), {
            x: costOf,
            y: perCent,
            r: 5,
            fill: "var(--after)",
          }),
          ...nameMarks(points, { x, y, costOf, perCent, width }),
        ],
      };
    },
    table: {
      caption: title,
      header: ["network", measure.name, axis, "on the Pareto front"],
      rows: points.map((point) => [
        point.name,
        formatPercent(point.share),
        format(point.cost),
        isBest(point) ? "yes" : "no",
      ]),
    },
  };
}

const HEIGHT = 380;
const [LEFT, RIGHT, TOP, BOTTOM] = [48, 24, 28, 44];

type Scale = ScaleOptions & { readonly domain: number[]; readonly range: number[] };

/** A scale from the least to the most, or from 0, which the library makes round. */
function scaleOver(
  values: readonly number[],
  range: readonly number[],
  { label, zero = false }: { readonly label: string; readonly zero?: boolean },
): Scale {
  const least = zero ? 0 : Math.min(...values);
  const domain = [least, Math.max(...values)];
  return { type: "linear", domain, range: [...range], nice: true, label, labelArrow: "none" };
}

interface NamedAxes {
  readonly x: Scale;
  readonly y: Scale;
  readonly costOf: (point: Point) => number;
  readonly perCent: (point: Point) => number;
  readonly width: number;
}

/** Names beside the marks, where they cover least. */
function nameMarks(points: readonly Point[], { x, y, costOf, perCent, width }: NamedAxes) {
  const [across, up] = [scale({ x })!, scale({ y })!];
  const named = points.map((point) => ({
    x: across.apply(costOf(point)),
    y: up.apply(perCent(point)),
    name: shorten(point.name, width < 400 ? 16 : 32),
  }));
  const places = placeLabels(named, width);
  return points.map((point, index) =>
    text([point], {
      x: costOf,
      y: perCent,
      ...places[index],
      text: [named[index].name],
      fill: "var(--ink)",
      stroke: "var(--paper)",
      strokeWidth: 4,
    })
  );
}
