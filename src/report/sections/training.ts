import { dot, line } from "@observablehq/plot";
import { type Chart, type LegendEntry, renderChart } from "../chart.ts";
import { type Html, html } from "../html.ts";
import { ACCURACY, type Measure, OUTPUT_ERROR } from "../measure.ts";
import type { RunRecord } from "../run_record.ts";
import type { Section } from "../section.ts";
import { formatNumber, formatPercent, formatSeconds } from "../units.ts";
import { bordersOf, layOut, listSteps, type Step } from "./epochs.ts";
import { referenceOf } from "./summary.ts";

/** How the network was trained or tuned. */
export function trainingSection(record: RunRecord): Section | undefined {
  const steps = listSteps(record);
  if (steps.length === 0) return undefined;
  const measure = record.report.outputError ? OUTPUT_ERROR : ACCURACY;
  const charts = [lossChart(steps, measure), qualityChart(steps, measure, referenceOf(record))];
  return {
    id: "training",
    title: record.kind === "train" ? "Training" : "Tuning",
    body: html`<p>${describeGain(record)}${describeChoice(record)}</p>
<div class="pair">${charts.filter((chart) => chart !== undefined).map(renderChart)}</div>`,
  };
}

/** What tuning the whole network brought, where a pruning run did. */
function describeGain(record: RunRecord): Html | undefined {
  if (record.kind !== "prune") return undefined;
  const { tuning, accuracy, outputError } = record.report;
  if (accuracy && tuning?.accuracyBefore !== undefined) {
    return html`
      Before the whole network was tuned, ${formatPercent(
        tuning.accuracyBefore,
      )} of the test images were right; afterwards ${formatPercent(accuracy.after)}.
    `;
  }
  if (outputError && tuning?.outputErrorBefore !== undefined) {
    return html`
      Before the whole network was tuned, the relative error on the test images was ${formatPercent(
        tuning.outputErrorBefore,
      )}; afterwards ${formatPercent(outputError.after)}.
    `;
  }
}

/** Which weights were written. */
function describeChoice({ kind, report }: RunRecord): string {
  const chosen = kind === "prune" ? report.tuning : report;
  const found = chosen?.validationAccuracy !== undefined
    ? `${formatPercent(chosen.validationAccuracy)} right`
    : chosen?.validationOutputError !== undefined
    ? `with a relative error of ${formatPercent(chosen.validationOutputError)}`
    : undefined;
  if (chosen?.bestEpoch === 0) {
    return `No epoch was better on held-out training images than the network as it came in, ${found}: that was written.`;
  }
  return found === undefined
    ? "The weights of the last epoch were written."
    : `The weights of the epoch that was best on held-out training images were written, ${found}.`;
}

function lossChart(steps: readonly Step[], measure: Measure): Chart {
  const [first, last] = [steps[0], steps.at(-1)!];
  const unit = measure === ACCURACY ? "nats" : "squared relative error";
  return {
    id: "training-loss",
    title: "Training loss",
    meaning:
      (measure === ACCURACY
        ? "Mean loss of an epoch's steps, distillation and label smoothing included."
        : "Mean loss of an epoch's steps: the squared relative error towards the teacher's outputs.") +
      (bordersOf(steps).length > 0 ? " Dashed lines separate the groups." : ""),
    summary: `From ${formatNumber(first.loss, 3)} to ${
      formatNumber(last.loss, 3)
    } in ${steps.length} epochs.`,
    breadth: "half",
    draw() {
      const frame = layOut(steps, `loss (${unit})`);
      const channels = { x: "place", y: "loss" } as const;
      return {
        ...frame,
        marks: [
          ...frame.marks!,
          line(steps, { ...channels, stroke: "var(--after)", z: "stage" }),
          dot(steps, { ...channels, r: 3, fill: "var(--after)", title: describeStep }),
        ],
      };
    },
    table: {
      caption: "Epochs",
      header: ["epoch", "of", "loss", "learning rate", "time"],
      rows: steps.map(({ place, stage, loss, learningRate, seconds }) => [
        place,
        stage,
        formatNumber(loss, 4),
        learningRate.toPrecision(3),
        formatSeconds(seconds),
      ]),
    },
  };
}

/** A line of a chart: what it is of, and its figure where an epoch has one. */
interface Series {
  readonly name: string;
  readonly color: LegendEntry["color"];
  readonly shape: "dot" | "ring";
  readonly shareOf: (step: Step) => number | undefined;
}

const SERIES: readonly Series[] = [
  {
    name: "training images",
    color: "--after",
    shape: "dot",
    shareOf: ({ accuracy }) => accuracy,
  },
  {
    name: "held-out images",
    color: "--series-agent",
    shape: "ring",
    shareOf: ({ validationAccuracy, validationOutputError }) =>
      validationAccuracy ?? validationOutputError,
  },
];

/** Accuracy, or the relative error of outputs, which only held-out images have. */
function qualityChart(
  steps: readonly Step[],
  measure: Measure,
  reference: string,
): Chart | undefined {
  const series = SERIES.filter(({ shareOf }) => steps.some((step) => shareOf(step) !== undefined));
  if (series.length === 0) return undefined;
  const last = steps.at(-1)!;
  const format = (share: number | undefined) =>
    share === undefined ? undefined : formatPercent(share);
  return {
    id: "training-quality",
    title: `${measure.title} by epoch`,
    meaning: measure === ACCURACY
      ? "Share of training images answered rightly, shifted and mirrored as they are in training, and of " +
        "held-out ones as they are."
      : `How far the outputs on held-out training images are from those of ${reference}; 0 is the same.`,
    summary: `In the last epoch: ${
      series.flatMap(({ name, shareOf }) => {
        const share = format(shareOf(last));
        return share === undefined ? [] : [`${name} ${share}`];
      }).join(", ")
    }.`,
    legend: series.map(({ name, color, shape }) => ({ label: name, color, shape })),
    breadth: "half",
    draw() {
      const frame = layOut(steps, `${measure.name} (%)`);
      return {
        ...frame,
        marks: [...frame.marks!, ...series.flatMap((each) => drawSeries(steps, each))],
      };
    },
    table: {
      caption: `${measure.title} by epoch`,
      header: ["epoch", "of", ...series.map(({ name }) => name)],
      rows: steps.map((step) => [
        step.place,
        step.stage,
        ...series.map(({ shareOf }) => format(shareOf(step))),
      ]),
    },
  };
}

function drawSeries(steps: readonly Step[], { color, shape, shareOf }: Series) {
  const measured = steps.filter((step) => shareOf(step) !== undefined);
  const channels = { x: "place", y: (step: Step) => 100 * shareOf(step)! } as const;
  const stroke = `var(${color})`;
  const mark = shape === "dot" ? { r: 3, fill: stroke } : { r: 3.5, stroke, fill: "var(--paper)" };
  return [
    line(measured, { ...channels, stroke, z: "stage" }),
    dot(measured, { ...channels, ...mark, title: describeStep }),
  ];
}

function describeStep(step: Step): string {
  const figures = SERIES.flatMap(({ name, shareOf }) => {
    const share = shareOf(step);
    return share === undefined ? [] : [`${formatPercent(share)} on ${name}`];
  });
  return [
    `${step.stage}, epoch ${step.epoch}: loss ${formatNumber(step.loss, 4)}`,
    ...figures,
  ].join(", ");
}
