/**
 * What action.yml runs: `secateur check` where there is a budget, `secateur prune` otherwise. Inputs come by the environment;
 * a table and a chart go into the job's summary, and the JSON into its outputs. It ends with the command's exit code. Node
 * runs it as it stands.
 *
 * @module
 */
import { spawnSync } from "node:child_process";
import { appendFileSync } from "node:fs";
import process from "node:process";

/** Layers of a chart: more are too narrow for their names. */
const MOST_BARS = 24;

/** Words of a line as a shell parts them: what stands between quotes belongs to one. */
const wordsOf = (line = "") =>
  Array.from(
    line.matchAll(/(?:"[^"]*"|'[^']*'|[^\s"'])+/g),
    ([word]) => word.replace(/"([^"]*)"|'([^']*)'/g, "$1$2"),
  );

/** An option with its value, where there is one. */
const option = (flag, value) => value ? [flag, value] : [];

function describeCommand({ MODEL, BUDGET, DATA, REFERENCE, OUT, ARGUMENTS }) {
  const ends = [...wordsOf(ARGUMENTS), "--json"];
  if (BUDGET) {
    const against = [...option("--data", DATA), ...option("--reference", REFERENCE)];
    return ["check", MODEL, "--budget", BUDGET, ...against, ...ends];
  }
  const images = DATA ? ["--data", DATA] : ["--no-data"];
  return ["prune", MODEL, ...images, "--out", OUT || "smaller", ...ends];
}

const percent = (share) => `${(100 * share).toFixed(2)} %`;
const count = (value) => value.toLocaleString("en-US");

function table(head, rows) {
  const line = (cells) => `| ${cells.join(" | ")} |`;
  return [line(head), line(head.map(() => "---")), ...rows.map(line)].join("\n");
}

function summarizeCheck({ model, results, holds }) {
  const rows = results.map((result) => [
    result.holds ? "✓" : "✗",
    `${result.name}: ${result.meaning}`,
    count(result.found),
    `at ${result.side} ${count(result.limit)}`,
  ]);
  return `### ${model}: ${holds ? "within its budget" : "outside its budget"}\n\n` +
    table(["", "limit", "found", "wanted"], rows);
}

function summarizePrune(report) {
  const { out, macs, params, bytes, accuracy, outputError, layers, units = layers } = report;
  const written = typeof bytes === "number" ? { after: bytes } : bytes;
  const rows = [
    ["accuracy", accuracy, percent],
    ["relative error of the outputs", outputError, percent],
    ["multiply-accumulates", macs, count],
    ["parameters", params, count],
    ["bytes on disk", written, count],
  ].filter(([, change]) => change)
    .map(([name, { before, after }, format]) => [
      name,
      before === undefined ? "" : format(before),
      format(after),
    ]);
  const chart = `\n\n${drawUnits(units.slice(0, MOST_BARS))}`;
  return `### ${out}\n\n${table(["", "before", "after"], rows)}${chart}`;
}

/** The share of its channels that every layer keeps, as a chart that job summaries draw. */
function drawUnits(units) {
  const names = units.map(({ name }) => JSON.stringify(name));
  const shares = units.map(({ kept, of }) => Math.round(100 * kept / of));
  return [
    "```mermaid",
    "xychart-beta",
    '  title "channels that are kept, in %"',
    `  x-axis [${names.join(", ")}]`,
    '  y-axis "%" 0 --> 100',
    `  bar [${shares.join(", ")}]`,
    "```",
  ].join("\n");
}

/** Adds lines to a file that the runner names; elsewhere prints them. */
function write(variable, text) {
  const file = process.env[variable];
  if (file) appendFileSync(file, `${text}\n`);
  else console.log(text);
}

const args = describeCommand(process.env);
const [program, ...start] = wordsOf(process.env.SECATEUR);
const { status, stdout, error } = spawnSync(program, [...start, ...args], {
  encoding: "utf8",
  stdio: ["ignore", "pipe", "inherit"],
  maxBuffer: Infinity,
});
if (error) throw error;
if (stdout.trim() !== "") {
  const report = JSON.parse(stdout);
  write(
    "GITHUB_STEP_SUMMARY",
    args[0] === "check" ? summarizeCheck(report) : summarizePrune(report),
  );
  write("GITHUB_OUTPUT", `report=${JSON.stringify(report)}`);
}
process.exitCode = status ?? 1;
