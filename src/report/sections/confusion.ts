import { axisX, cell, text } from "@observablehq/plot";
import type { TestAnswers } from "../../session/mod.ts";
import { isNarrow } from "../bands.ts";
import type { Chart } from "../chart.ts";
import type { Drawing } from "../draw_svg.ts";
import { distinctNames, pickClasses, Tally } from "../tally.ts";
import { estimateWidth, formatPercent, shorten } from "../units.ts";

/** Classes that a matrix has room for. */
const ROOM = 12;

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
  const shown = pickClasses(answers, ROOM);
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
    height: marginTop + extent + 4,
    marginLeft,
    marginTop,
    marginRight: SLANT,
    marginBottom: 4,
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

function formatAccuracy(accuracy: number | undefined): string | undefined {
  return accuracy === undefined ? undefined : formatPercent(accuracy, 1);
}
