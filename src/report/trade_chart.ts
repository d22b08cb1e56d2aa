import { dot, line, text } from "@observablehq/plot";
import type { Chart } from "./chart.ts";
import type { Measure } from "./measure.ts";
import { paretoFront } from "./pareto.ts";
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
}

/** A measure against a cost, with the Pareto front. */
export function tradeChart(
  { id, title, meaning, measure, axis, points, format, size }: TradeOff,
): Chart {
  const front = paretoFront(
    points.map((point) => ({ point, cost: point.cost, worth: measure.worthOf(point.share) })),
  ).map(({ point }) => point);
  const costOf = ({ cost }: Point) => cost / size;
  const perCent = ({ share }: Point) => 100 * share;
  const middle = Math.max(...points.map(({ cost }) => cost)) / 2;
  /** Names stand towards the middle, where there is room. */
  const isInRightHalf = ({ cost }: Point) => cost > middle;
  const isBest = (point: Point) => front.includes(point);
  return {
    id,
    title,
    meaning,
    summary: `On the Pareto front, the cheapest first: ${
      front.map(({ name }) => name).join(", ")
    }.`,
    legend: [
      { label: "written by a run", colour: "--after", shape: "dot" },
      { label: "what runs began with", colour: "--before-line", shape: "ring" },
      {
        label: "Pareto front: no other network is better in both",
        colour: "--muted",
        shape: "line",
      },
    ],
    draw: (width) => ({
      height: 380,
      marginLeft: 48,
      marginRight: 24,
      marginTop: 28,
      marginBottom: 44,
      grid: true,
      x: {
        label: axis,
        labelAnchor: "center",
        labelArrow: "none",
        nice: true,
        zero: true,
        ticks: 5,
      },
      y: { label: `${measure.name} on test images (%)`, labelArrow: "none", nice: true },
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
        ...[true, false].map((isRight) =>
          text(points.filter((point) => isInRightHalf(point) === isRight), {
            x: costOf,
            y: perCent,
            dx: isRight ? -9 : 9,
            dy: -9,
            textAnchor: isRight ? "end" : "start",
            text: ({ name }: Point) => shorten(name, width < 400 ? 16 : 32),
            fill: "var(--ink)",
            stroke: "var(--paper)",
            strokeWidth: 4,
          })
        ),
      ],
    }),
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
