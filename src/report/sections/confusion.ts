import { axisX, cell, dot, link, text } from "@observablehq/plot";
import type { TestAnswers } from "../../session/mod.ts";
import { isNarrow, nameRows } from "../bands.ts";
import type { Chart } from "../chart.ts";
import type { Drawing } from "../draw_svg.ts";
import { pickClasses, Tally } from "../tally.ts";
import { estimateWidth, formatPercent, formatPoints, shorten } from "../units.ts";

/** Classes that a matrix, and a list, have room for. */
const [MATRIX_ROOM, LIST_ROOM] = [12, 40];

/** Names that differ, also where those of a data set do not. */
export function distinctNames(classes: readonly string[]): string[] {
  return classes.map((name, index) =>
    classes.indexOf(name) === index ? name : `${name} (class ${index})`
  );
}

interface Cell {
  readonly label: string;
  readonly answer: string;
  readonly count: number;
  readonly share: number;
  readonly isRight: boolean;
}

/**
 * A confusion matrix.
 *
 * @param answers The answers.
 * @param side Whose.
 * @returns The chart.
 */
export function confusionChart(answers: TestAnswers, side: "before" | "after"): Chart {
  const names = distinctNames(answers.classes);
  const shown = pickClasses(answers, MATRIX_ROOM);
  const tally = new Tally(answers.labels, answers[side]);
  const cells = shown.flatMap((label) =>
    shown.map((answer): Cell => ({
      label: names[label],
      answer: names[answer],
      count: tally.count(label, answer),
      share: tally.count(label, answer) / Math.max(1, tally.images(label)),
      isRight: label === answer,
    }))
  ).filter(({ count }) => count > 0);
  const domain = shown.map((label) => names[label]);
  const worst = cells.filter(({ isRight }) => !isRight).toSorted((a, b) => b.count - a.count)[0];
  const part = shown.length < names.length
    ? ` The ${shown.length} of ${names.length} classes in which most answers changed.`
    : "";
  return {
    id: `confusion-${side}`,
    title: `Confusion matrix ${side}`,
    meaning:
      "A row is a right class, a column an answer; numbers are test images. Blue is right, orange wrong, " +
      `stronger where it is a larger share of the row.${part}`,
    summary: worst === undefined
      ? "No answer among these classes is wrong."
      : `The most frequent error: ${worst.count} images of ${worst.label} are taken for ${worst.answer}.`,
    breadth: "half",
    draw: (width) => drawMatrix(cells, domain, width),
    table: {
      caption: `Confusion matrix ${side}: rows are right classes, columns answers`,
      header: ["right class", ...domain, "share right"],
      rows: shown.map((label) => [
        names[label],
        ...shown.map((answer) => tally.count(label, answer)),
        formatAccuracy(tally.accuracy(label)),
      ]),
    },
  };
}

/** Letters of a name above a column. */
const COLUMN_LETTERS = 9;
/** Room beside the last column, for the end of its slanting name. */
const SLANT = 18;

function drawMatrix(cells: readonly Cell[], domain: readonly string[], width: number): Drawing {
  const rowLetters = isNarrow(width) ? 9 : 12;
  const widest = (letters: number) =>
    Math.max(...domain.map((name) => estimateWidth(shorten(name, letters))));
  const marginLeft = 12 + widest(rowLetters);
  const marginTop = 38 + Math.sin(Math.PI / 3) * widest(COLUMN_LETTERS);
  const extent = width - marginLeft - SLANT;
  const common = { labelArrow: "none", tickSize: 0 } as const;
  const nameIn = (letters: number) => (name: string) => shorten(name, letters);
  return {
    ...{
      height: marginTop + extent + 4,
      marginLeft,
      marginTop,
      marginRight: SLANT,
      marginBottom: 4,
    },
    padding: 0.06,
    x: { domain, axis: null },
    y: {
      ...common,
      domain,
      label: "right class ↓",
      labelAnchor: "top",
      tickFormat: nameIn(rowLetters),
    },
    marks: [
      axisX({
        ...common,
        anchor: "top",
        label: "answer →",
        labelAnchor: "right",
        labelOffset: marginTop - 8,
        tickRotate: -60,
        tickFormat: nameIn(COLUMN_LETTERS),
        textAnchor: "start",
      }),
      cell(cells, {
        x: "answer",
        y: "label",
        fill: ({ isRight }: Cell) => isRight ? "var(--right)" : "var(--wrong)",
        fillOpacity: ({ share, isRight }: Cell) =>
          isRight ? 0.1 + 0.3 * share : 0.12 + 0.55 * Math.sqrt(share),
        title: ({ label, answer, count, share }: Cell) =>
          `${label} answered as ${answer}: ${count} images, ${
            formatPercent(share, 1)
          } of the class`,
      }),
      text(cells, {
        x: "answer",
        y: "label",
        text: "count",
        fontSize: extent / domain.length < 28 ? 9 : 11,
      }),
    ],
  };
}

/** Accuracy of every class, before and after. */
export function classesChart(answers: TestAnswers): Chart {
  const names = distinctNames(answers.classes);
  const earlier = new Tally(answers.labels, answers.before);
  const later = new Tally(answers.labels, answers.after);
  const rows = pickClasses(answers, LIST_ROOM).flatMap((label) => {
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
      { label: "before", colour: "--before-line", shape: "ring" },
      { label: "after", colour: "--after", shape: "dot" },
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

function formatAccuracy(accuracy: number | undefined): string | undefined {
  return accuracy === undefined ? undefined : formatPercent(accuracy, 1);
}
