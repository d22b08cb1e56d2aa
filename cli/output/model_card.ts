import { basename, dirname, extname } from "node:path";
import type { KnownChange, PruneReport, RunRecord } from "../../src/mod.ts";
import { formatBytes, formatCount, formatPercent } from "./table.ts";

/** What opens a model, by the ending of its file; a folder has none. */
const LIBRARIES: Readonly<Record<string, string>> = {
  ".keras": "keras",
  ".onnx": "onnx",
  ".tflite": "tflite",
};

/** Name of the card's file. */
export const CARD = "README.md";

/**
 * Writes a model card: a README with the YAML head that hubs of models read, the figures before and after, and how the model
 * was made.
 *
 * @param record The run that made the model.
 * @returns A file of Markdown.
 */
export function renderCard(record: RunRecord): string {
  const { out, command, versions, kind } = record;
  const model = nameOf(record.model);
  const name = basename(out, extname(out));
  return `---
library_name: ${LIBRARIES[extname(out)] ?? "tfjs"}
${kind === "train" ? "" : `base_model: ${JSON.stringify(model)}\n`}tags:
${tagsOf(record).map((tag) => `  - ${tag}`).join("\n")}
${describeAccuracy(name, record)}---

# ${name}

${SENTENCES[kind](model)} Made by Secateur ${versions.secateur}.

| | before | after |
| --- | --- | --- |
${rowsOf(record).map(renderRow).join("\n")}

Figures are of the test images. The whole run is in \`report.html\` and \`report.json\`.

    ${command}
`;
}

/** A folder has the name of the model that is in it as model.json. */
function nameOf(path: string): string {
  return basename(path) === "model.json" ? basename(dirname(path)) : basename(path);
}

const SENTENCES: Readonly<Record<RunRecord["kind"], (model: string) => string>> = {
  prune: (model) => `A smaller ${model}: channels were cut, and the layers repaired by regression.`,
  finetune: (model) => `${model}, trained further.`,
  train: (model) => `A new ${model}.`,
};

function tagsOf({ kind, report }: RunRecord): string[] {
  return [
    "secateur",
    ...(kind === "prune" ? ["pruned", "channel-pruning"] : []),
    ...(report.accuracy ? ["image-classification"] : []),
  ];
}

/** The accuracy as hubs of models list it. */
function describeAccuracy(name: string, { report: { accuracy } }: RunRecord): string {
  if (!accuracy) return "";
  return `model-index:
  - name: ${JSON.stringify(name)}
    results:
      - task:
          type: image-classification
        metrics:
          - type: accuracy
            value: ${accuracy.after}
`;
}

type Row = readonly [
  what: string,
  change: KnownChange | undefined,
  format: (value: number) => string,
];

function rowsOf(record: RunRecord): Row[] {
  const { accuracy, outputError } = record.report;
  const costs: Partial<Pick<PruneReport, "macs" | "params">> = record.kind === "prune"
    ? record.report
    : {};
  const rows: Row[] = [
    ["accuracy", accuracy, formatPercent],
    ["relative error of the outputs", outputError, formatPercent],
    ["multiply-accumulates", costs.macs, formatCount],
    ["parameters", costs.params, formatCount],
    ["bytes on disk", record.bytes, formatBytes],
  ];
  return rows.filter(([, change]) => change !== undefined);
}

function renderRow([what, change, format]: Row): string {
  const [before, after] = [change!.before, change!.after].map((value) =>
    value === undefined ? "" : format(value)
  );
  return `| ${what} | ${before} | ${after} |`;
}
