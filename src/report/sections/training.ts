import { dot, line, ruleX } from "@observablehq/plot";
import type { EpochReport } from "../../tuning/mod.ts";
import { type Chart, renderChart } from "../chart.ts";
import type { Drawing } from "../draw_svg.ts";
import { html } from "../html.ts";
import type { RunRecord } from "../run_record.ts";
import type { Section } from "../section.ts";
import { formatNumber, formatPercent, formatSeconds } from "../units.ts";

/** An epoch in the course of the run. */
interface Step extends EpochReport {
  /** Its number over all groups, from 1. */
  readonly place: number;
  /** What was tuned. */
  readonly stage: string;
}

/** How the network was trained or tuned. */
export function trainingSection(record: RunRecord): Section | undefined {
  const steps = listSteps(record);
  if (steps.length === 0) return undefined;
  const { accuracyBefore } = (record.kind === "prune" && record.report.tuning) || {};
  const chosen = record.kind === "prune"
    ? record.report.tuning?.validationAccuracy
    : record.report.validationAccuracy;
  return {
    id: "training",
    title: record.kind === "train" ? "Training" : "Tuning",
    body: html`<p>${
      accuracyBefore !== undefined && record.report.accuracy
        ? `Before the whole network was tuned, ${
          formatPercent(accuracyBefore)
        } of the test images were right; afterwards ${
          formatPercent(record.report.accuracy.after)
        }. `
        : undefined
    }${
      chosen === undefined
        ? "The weights of the last epoch were written."
        : `The weights of the epoch that was best on held-out training images were written, ${
          formatPercent(chosen)
        } right.`
    }</p>
<div class="pair">${[lossChart(steps), accuracyChart(steps)].map(renderChart)}</div>`,
  };
}

function listSteps(record: RunRecord): Step[] {
  const groups = record.kind === "prune" ? record.report.tuning?.groups ?? [] : [];
  const whole = record.kind === "prune" ? record.report.tuning?.epochs ?? [] : record.report.epochs;
  const named = [
    ...groups.flatMap((epochs, group) =>
      epochs.map((epoch) => [`group ${group + 1}`, epoch] as const)
    ),
    ...whole.map((epoch) => ["whole network", epoch] as const),
  ];
  return named.map(([stage, epoch], index) => ({ ...epoch, stage, place: index + 1 }));
}

/** Places where another group begins. */
function bordersOf(steps: readonly Step[]): number[] {
  return steps.flatMap(({ stage, place }, index) =>
    index > 0 && steps[index - 1].stage !== stage ? [place - 0.5] : []
  );
}

function layOut(steps: readonly Step[], label: string): Drawing {
  return {
    height: 280,
    marginLeft: 46,
    marginRight: 20,
    marginTop: 28,
    marginBottom: 44,
    grid: true,
    x: {
      label: "epoch",
      labelAnchor: "center",
      labelArrow: "none",
      domain: [0.5, steps.length + 0.5],
      ticks: Math.min(steps.length, 8),
      tickFormat: (place: number) => Number.isInteger(place) ? String(place) : "",
    },
    y: { label, labelArrow: "none", nice: true },
    marks: [ruleX(bordersOf(steps), { stroke: "var(--muted)", strokeDasharray: "3 3" })],
  };
}

function lossChart(steps: readonly Step[]): Chart {
  const [first, last] = [steps[0], steps.at(-1)!];
  return {
    id: "training-loss",
    title: "Training loss",
    meaning: "Mean loss of an epoch's steps, distillation and label smoothing included." +
      (bordersOf(steps).length > 0 ? " Dashed lines separate the groups." : ""),
    summary: `From ${formatNumber(first.loss, 3)} to ${
      formatNumber(last.loss, 3)
    } nats in ${steps.length} epochs.`,
    breadth: "half",
    draw() {
      const frame = layOut(steps, "loss (nats)");
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

function accuracyChart(steps: readonly Step[]): Chart {
  const held = steps.filter(({ validationAccuracy }) => validationAccuracy !== undefined);
  const last = steps.at(-1)!;
  return {
    id: "training-accuracy",
    title: "Accuracy while training",
    meaning:
      "Share of training images answered rightly, shifted and mirrored as they are in training, and of " +
      "held-out ones as they are.",
    summary: `In the last epoch ${formatPercent(last.accuracy)} of the training images were right` +
      (last.validationAccuracy === undefined
        ? "."
        : `, and ${formatPercent(last.validationAccuracy)} of the held-out ones.`),
    legend: [
      { label: "training images", colour: "--after", shape: "dot" },
      ...(held.length > 0
        ? [{ label: "held-out images", colour: "--series-agent", shape: "ring" } as const]
        : []),
    ],
    breadth: "half",
    draw() {
      const frame = layOut(steps, "accuracy (%)");
      const training = { x: "place", y: (step: Step) => 100 * step.accuracy } as const;
      const validation = { x: "place", y: (step: Step) => 100 * step.validationAccuracy! } as const;
      return {
        ...frame,
        marks: [
          ...frame.marks!,
          line(steps, { ...training, stroke: "var(--after)", z: "stage" }),
          dot(steps, { ...training, r: 3, fill: "var(--after)", title: describeStep }),
          line(held, { ...validation, stroke: "var(--series-agent)", z: "stage" }),
          dot(held, {
            ...validation,
            r: 3.5,
            stroke: "var(--series-agent)",
            fill: "var(--paper)",
            title: describeStep,
          }),
        ],
      };
    },
    table: {
      caption: "Accuracy by epoch",
      header: ["epoch", "of", "training images", "held-out images"],
      rows: steps.map(({ place, stage, accuracy, validationAccuracy }) => [
        place,
        stage,
        formatPercent(accuracy),
        validationAccuracy === undefined ? undefined : formatPercent(validationAccuracy),
      ]),
    },
  };
}

function describeStep({ stage, epoch, loss, accuracy }: Step): string {
  return `${stage}, epoch ${epoch}: loss ${formatNumber(loss, 4)}, ${
    formatPercent(accuracy)
  } of training images`;
}
