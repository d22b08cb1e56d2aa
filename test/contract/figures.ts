/** What every way to run Secateur must give for the embedded network. */
export interface Figures {
  /** Of `inspect`. */
  model: { name: string; macs: number; params: number; layers: number; spaces: number };
  /** Of `evaluate`. */
  before: Evaluation;
  /** Of `prune`. */
  pruned: { macs: number; params: number; accuracy?: number };
  /** Of `evaluate`, on the smaller model once it was written and read again. */
  after: Evaluation;
}

interface Evaluation {
  accuracy?: number;
  loss: number;
  images: number;
}

/** The library, from source or from a bundle. */
type Library = Pick<
  typeof import("../../src/browser.ts"),
  "evaluate" | "inspect" | "prune" | "readModel" | "writeModel"
>;

type Model = Parameters<Library["prune"]>[0]["model"];
type Data = Parameters<Library["prune"]>[0]["data"];

/**
 * The figures by way of the library. A browser is sent the text of this function: it refers to nothing outside.
 *
 * @param library The library.
 * @param model The embedded network.
 * @param data Some images.
 * @param workers Threads of the pruning.
 * @returns The figures.
 */
export async function figuresOfLibrary(
  { evaluate, inspect, prune, readModel, writeModel }: Library,
  model: Model,
  data: Data,
  workers = 1,
): Promise<Figures> {
  const { name, macs, params, layers, spaces } = await inspect({ model });
  const before = await evaluate({ model, data, workers: 1 });
  const policy = { kind: "uniform", ratio: 0.5 } as const;
  const { file, report } = await prune({
    model,
    data,
    policy,
    batches: 1,
    batchSize: 64,
    workers,
  });
  const smaller = await readModel("model.json", await writeModel("smaller", file));
  const after = await evaluate({ model: smaller, data, workers: 1 });
  return {
    model: { name, macs, params, layers: layers.length, spaces: spaces.length },
    before,
    pruned: {
      macs: report.macs.after,
      params: report.params.after,
      accuracy: report.accuracy?.after,
    },
    after,
  };
}

/** Runs a command with `--json` and reads what it prints. */
// deno-lint-ignore no-explicit-any
export type RunCommand = (...args: string[]) => Promise<any>;

/**
 * The figures by way of the command line.
 *
 * @param run Runs a command.
 * @param model The embedded network.
 * @param data Some images.
 * @param out Where the smaller model goes.
 * @param workers Threads of the pruning.
 * @returns The figures.
 */
export async function figuresOfCommands(
  run: RunCommand,
  model: string,
  data: string,
  out: string,
  workers: number,
): Promise<Figures> {
  const { name, macs, params, layers, spaces } = await run("inspect", model);
  const evaluate = (path: string) => run("eval", path, "--data", data, "--workers", "1");
  const before = await evaluate(model);
  const report = await run(
    ...["prune", model, "--data", data, "--out", out, "--prune-option", "uniform"],
    ...["--uniform-preserve-ratio", "0.5", "--nb-batches", "1", "--batch-size", "64"],
    ...["--workers", String(workers), "--no-latency"],
  );
  return {
    model: { name, macs, params, layers: layers.length, spaces: spaces.length },
    before,
    pruned: {
      macs: report.macs.after,
      params: report.params.after,
      accuracy: report.accuracy?.after,
    },
    after: await evaluate(out),
  };
}
