import { writeMessage } from "../../base/mod.ts";
import { type Html, html } from "../html.ts";
import type { PruneRecord, RunRecord } from "../run_record.ts";
import type { Section } from "../section.ts";
import { renderTable } from "../table.ts";
import { formatNumber, formatPercent, formatSeconds } from "../units.ts";

const STAGES = {
  calibrate: "statistics",
  search: "search",
  select: "choice of channels",
  reconstruct: "reconstruction",
  batchNorm: "BatchNormalization",
  repair: "repair of the network",
  tune: "tuning",
  evaluate: "evaluation",
} as const;

/** What made the model, and what is needed to make it again. */
export function provenanceSection(record: RunRecord): Section {
  const { report, command, versions, machine, finished, model, out } = record;
  const entries: [string, string | number][] = [
    ["model", model],
    ["written to", out],
    ["seed", report.seed],
    ["threads", `${report.workers} (with the seed they make the run repeatable)`],
    ["Secateur", versions.secateur],
    ["TensorFlow.js", machine.tfjs],
    ["engine", versions.engine],
    ["machine", [machine.cpu, machine.target, `${machine.cores} cores`].filter(Boolean).join(", ")],
    ["finished", finished],
  ];
  return {
    id: "provenance",
    title: "How it was made",
    body: html`<p>The command:</p>
<pre class="command" tabindex="0" role="region" aria-label="Command">${command}</pre>
<dl class="facts">${
      entries.map(([name, value]) =>
        html`
          <div>
            <dt>${name}</dt>
            <dd>${value}</dd>
          </div>
        `
      )
    }</dl>
${record.kind === "prune" ? renderPruning(record.report) : renderTime(record.report.seconds)}`,
  };
}

function renderTime(seconds: number): Html {
  return html`<p>The run took ${formatSeconds(seconds)}.</p>`;
}

/** Nothing where the network has none, or no images could decide. */
function describeBatchNorm(
  { reestimated, lossKept, lossReestimated }: PruneRecord["report"]["batchNorm"],
): string[] {
  if (lossKept === undefined || lossReestimated === undefined) return [];
  return [
    `BatchNormalization statistics were ${
      reestimated ? "estimated anew after the cuts" : "kept"
    }: ` +
    `the loss on calibration images was ${formatNumber(lossKept, 4)} with the old ones, ` +
    `${formatNumber(lossReestimated, 4)} with new ones`,
  ];
}

function renderPruning(report: PruneRecord["report"]): Html {
  const { seconds, images, notices, batchNorm, maskedDifference } = report;
  const stages = Object.entries(STAGES) as [keyof typeof STAGES, string][];
  const rest = seconds.total - stages.reduce((sum, [name]) => sum + seconds[name], 0);
  const remarks = [
    ...notices.map((notice) => writeMessage(notice)),
    ...describeBatchNorm(batchNorm),
    ...(maskedDifference === undefined ? [] : [
      `the outputs of the smaller model and of the original with the same channels masked differ by ${
        maskedDifference.toExponential(1)
      } at most`,
    ]),
    `${images.calibration} training images served the statistics, ${images.test} test images the figures`,
    ...images.unreadableReasons.map((reason) => `skipped an image: ${reason}`),
  ];
  return html`${
    renderTable({
      caption: `Wall time of the stages, ${formatSeconds(seconds.total)} together`,
      header: ["stage", "time", "share"],
      rows: [
        ...stages.map(([name, title]) => [title, seconds[name]] as const),
        ["all else", rest] as const,
      ]
        .filter(([, time]) => time > 0.05)
        .map((
          [title, time],
        ) => [title, formatSeconds(time), formatPercent(time / seconds.total, 0)]),
    })
  }
<h3>Remarks</h3><ul>${remarks.map((remark) => html`<li>${remark}</li>`)}</ul>`;
}
