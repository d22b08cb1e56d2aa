import { dot, link, text } from "@observablehq/plot";
import type { TestAnswers } from "../../session/mod.ts";
import { isNarrow, nameRows } from "../bands.ts";
import type { Chart } from "../chart.ts";
import { distinctNames, pickClasses, Tally } from "../tally.ts";
import { formatPercent, formatPoints } from "../units.ts";

/** Classes that a list has room for. */
const ROOM = 40;

/** Accuracy of every class, before and after. */
export function classesChart(answers: TestAnswers): Chart {
  const names = distinctNames(answers.classes);
  const earlier = new Tally(answers.labels, answers.before);
  const later = new Tally(answers.labels, answers.after);
  const rows = pickClasses(answers, ROOM).flatMap((label) => {
    const [before, after] = [earlier.accuracy(label), later.accuracy(label)];
    if (before === undefined || after === undefined) return [];
    return [{ name: names[label], before, after, images: later.images(label) }];
  });
  type Row = (typeof rows)[number];
  const worst = rows.toSorted((a, b) => (a.after - a.before) - (b.after - b.before))[0];
  const part = rows.length < names.length
    ? ` The ${rows.length} of ${names.length} classes in which most answers changed.`
    : "";
  const perCent = (side: "before" | "after") => (row: Row) => 100 * row[side];
  return {
    id: "classes",
    title: "Accuracy per class",
    meaning: `Share of the test images of a class that are answered rightly.${part}`,
    summary: worst === undefined
      ? "There are no images."
      : `The largest loss, or smallest gain, is in ${worst.name}: ${
        formatPoints(worst.after - worst.before)
      }.`,
    legend: [
      { label: "before", color: "--before-line", shape: "ring" },
      { label: "after", color: "--after", shape: "dot" },
    ],
    draw: (width) => ({
      ...nameRows(rows.map(({ name }) => name), width, "class"),
      marginRight: 92,
      x: {
        label: "answered rightly (%)",
        labelAnchor: "center",
        labelArrow: "none",
        grid: true,
        nice: true,
        ticks: isNarrow(width) ? 4 : 8,
      },
      marks: [
        link(rows, {
          y: "name",
          x1: perCent("before"),
          x2: perCent("after"),
          stroke: "var(--before-line)",
        }),
        dot(rows, {
          y: "name",
          x: perCent("before"),
          r: 4,
          stroke: "var(--before-line)",
          fill: "var(--paper)",
        }),
        dot(rows, {
          y: "name",
          x: perCent("after"),
          r: 4,
          fill: "var(--after)",
          title: (row: Row) =>
            `${row.name}: ${formatPercent(row.before, 1)} before, ${
              formatPercent(row.after, 1)
            } after`,
        }),
        text(rows, {
          y: "name",
          frameAnchor: "right",
          dx: 88,
          textAnchor: "end",
          text: (row: Row) => formatPoints(row.after - row.before),
        }),
      ],
    }),
    table: {
      caption: "Accuracy per class",
      header: ["class", "images", "before", "after", "change"],
      rows: rows.map(({ name, images, before, after }) => [
        name,
        images,
        formatPercent(before),
        formatPercent(after),
        formatPoints(after - before),
      ]),
    },
  };
}
