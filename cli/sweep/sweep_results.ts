import { mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { InputError, paretoFront, parseJson, writeWholeFiles } from "../../src/mod.ts";
import type { SweepFigures, SweepResult } from "./sweep_result.ts";
import { formatBytes, formatCount, formatPercent, formatTable } from "../output/table.ts";

const FILE = "sweep.json";

/** The results of a sweep, kept in its folder, so that it can be called again. */
export class SweepResults {
  readonly #folder: string;
  readonly #names: readonly string[];
  readonly #results: Map<string, SweepResult>;
  #writing: Promise<void> = Promise.resolve();

  private constructor(
    folder: string,
    names: readonly string[],
    results: readonly SweepResult[],
  ) {
    this.#folder = folder;
    this.#names = names;
    this.#results = new Map(results.map((result) => [result.name, result]));
  }

  /**
   * Opens what there is.
   *
   * @param folder Folder of the sweep; made where there is none.
   * @param names The runs that are wanted now; what is known of others is kept.
   * @returns Its results; none where it has not been called before.
   * @throws {InputError} When the folder cannot be made, or the file of results cannot be read.
   */
  static async open(folder: string, names: readonly string[]): Promise<SweepResults> {
    const path = join(folder, FILE);
    await mkdir(folder, { recursive: true }).catch((cause) => {
      throw new InputError(
        `writing --out ${folder}: ${cause.message}; give a folder that can be written to`,
        { cause },
      );
    });
    try {
      const runs = parseRuns(await readFile(path, "utf8"));
      return new SweepResults(folder, names, runs);
    } catch (cause) {
      if ((cause as NodeJS.ErrnoException).code === "ENOENT") {
        return new SweepResults(folder, names, []);
      }
      throw new InputError(
        `reading ${path}: ${(cause as Error).message}; remove it to begin the sweep anew`,
        { cause },
      );
    }
  }

  /** What is known of the runs that are wanted. */
  get wanted(): SweepResult[] {
    return this.#names.flatMap((name) => this.#results.get(name) ?? []);
  }

  /** What is known of a run. */
  get(name: string): SweepResult | undefined {
    return this.#results.get(name);
  }

  /**
   * Keeps what is known of a run.
   *
   * @throws {InputError} When it cannot be written.
   */
  async put(result: SweepResult): Promise<void> {
    this.#results.set(result.name, result);
    this.#writing = this.#writing.catch(() => {}).then(() => this.#write());
    await this.#writing;
  }

  async #write(): Promise<void> {
    const runs = [...this.#results.values()];
    const files = [
      [FILE, `${JSON.stringify({ runs }, undefined, 2)}\n`],
      ["sweep.csv", tableOf(this.wanted)],
    ] as const;
    await writeWholeFiles(new Map(files.map(([name, text]) => [join(this.#folder, name), text])));
  }
}

/** Runs as a file of results has them. */
function parseRuns(text: string): SweepResult[] {
  const runs = (parseJson(text) as { runs?: unknown } | null)?.runs;
  if (!Array.isArray(runs)) throw new Error("found no list of runs, wanted one");
  const broken = runs.findIndex((run) => !isResult(run));
  if (broken >= 0) {
    throw new Error(`found ${JSON.stringify(runs[broken])} as runs[${broken}], wanted a run`);
  }
  return runs;
}

function isResult(run: SweepResult | null): run is SweepResult {
  const texts = [run?.name, run?.model, run?.options, run?.key];
  return texts.every((text) => typeof text === "string") && isNumber(run?.budget) &&
    ["begun", "done", "failed"].includes(run!.status) &&
    (run!.status !== "failed" || typeof run!.error === "string") &&
    (run!.status === "done" ? isFigures(run!.figures) : run!.figures === undefined);
}

function isFigures(figures: SweepFigures | undefined): boolean {
  const { accuracy, outputError, quality, loss, macs, params, bytes, seconds } = { ...figures };
  return [loss, macs, params, bytes].every(isChange) && isNumber(seconds) &&
    [accuracy, outputError].every((change) => change === undefined || isChange(change)) &&
    (quality === undefined || isNumber(quality));
}

function isChange(change: SweepFigures["loss"] | undefined): boolean {
  return isNumber(change?.before) && isNumber(change?.after);
}

function isNumber(value: unknown): boolean {
  return typeof value === "number" && Number.isFinite(value);
}

const COLUMNS: readonly (readonly [name: string, valueOf: (run: SweepResult) => unknown])[] = [
  ["run", ({ name }) => name],
  ["model", ({ model }) => model],
  ["options", ({ options }) => options],
  ["budget", ({ budget }) => budget],
  ["status", ({ status }) => status],
  ["accuracy", ({ figures }) => figures?.accuracy?.after],
  ["accuracyBefore", ({ figures }) => figures?.accuracy?.before],
  ["outputError", ({ figures }) => figures?.outputError?.after],
  ["heldOut", ({ figures }) => figures?.quality],
  ["loss", ({ figures }) => figures?.loss.after],
  ["macs", ({ figures }) => figures?.macs.after],
  ["macsBefore", ({ figures }) => figures?.macs.before],
  ["params", ({ figures }) => figures?.params.after],
  ["bytes", ({ figures }) => figures?.bytes.after],
  ["seconds", ({ figures }) => figures?.seconds],
  ["error", ({ error }) => error],
];

/** A row for every run, as RFC 4180 has it. */
function tableOf(runs: readonly SweepResult[]): string {
  const quote = (value: unknown) => {
    const text = String(value ?? "");
    return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  };
  const rows = runs.map((run) => COLUMNS.map(([, valueOf]) => quote(valueOf(run))));
  return [COLUMNS.map(([name]) => name), ...rows].map((cells) => `${cells.join(",")}\r\n`).join("");
}

/** A finished sweep for people: all runs, then those that no other beats. */
export function describeSweep(results: readonly SweepResult[]): string {
  const fronts = [...Map.groupBy(results, ({ model }) => model)].map(([model, own]) => {
    const front = frontOf(own);
    return `${model}: no other run is as good on held-out training images for fewer MACs, or better for as many\n` +
      describeRuns(front);
  });
  const failed = results.filter(({ status }) => status === "failed");
  return [
    describeRuns(results),
    ...fronts,
    ...failed.map(({ name, error }) => `FAILED ${name}: ${error}`),
  ].join("\n\n");
}

function describeRuns(runs: readonly SweepResult[]): string {
  const optional = (value: number | undefined, format: (value: number) => string) =>
    value === undefined ? undefined : format(value);
  const quality = runs.some(({ figures }) => figures?.accuracy) ? "accuracy" : "error";
  return formatTable(
    ["run", "budget", quality, "MACs", "of", "parameters", "on disk", "time", "status"],
    runs.map(({ name, budget, figures, status }) => [
      ...[name, budget],
      optional((figures?.accuracy ?? figures?.outputError)?.after, formatPercent),
      optional(figures?.macs.after, formatCount),
      optional(figures?.macs.before, formatCount),
      optional(figures?.params.after, formatCount),
      optional(figures?.bytes.after, formatBytes),
      optional(figures?.seconds, (seconds) => `${seconds.toFixed(1)} s`),
      status,
    ]),
  );
}

/**
 * The runs of a model that none beats in quality on held-out training images and multiply-accumulates, the smallest first.
 * The test split chooses nothing: it is reported.
 */
export function frontOf(runs: readonly SweepResult[]): SweepResult[] {
  const offers = runs.flatMap((run) => {
    const { figures } = run;
    if (figures?.quality === undefined) return [];
    return [{ run, cost: figures.macs.after, quality: figures.quality }];
  });
  return paretoFront(offers).map(({ run }) => run);
}
