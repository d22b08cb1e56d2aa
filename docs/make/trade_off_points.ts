import peers from "./peers.json" with { type: "json" };

/** A network in the chart. */
export interface TradeOffPoint {
  /** Share of the original's multiply-accumulates in convolutions that it keeps, in per cent. */
  readonly macs: number;
  /** Share of the test images that it classifies rightly, in per cent. */
  readonly accuracy: number;
}

/** All points of the chart. */
export interface TradeOffPoints {
  /** Accuracy of the unpruned network, in per cent. */
  readonly original: number;
  /** Networks as Secateur cut them. */
  readonly cut: readonly TradeOffPoint[];
  /** The same after tuning. */
  readonly tuned: readonly TradeOffPoint[];
  /** Networks of other methods, by the method's name. */
  readonly peers: ReadonlyMap<string, readonly TradeOffPoint[]>;
}

const RESULTS = new URL("../../bench/results/", import.meta.url);

/** Runs of `prune --prune-option budget` and of `finetune` behind it; bench/results/README.md describes them. */
const RUNS = [20, 30, 40, 50].map((share) => `resnet20-budget-${share}-tuned.json`);

/** What is read of such a file. */
interface RecordedRun {
  readonly pruned: {
    readonly accuracy: { readonly before: number; readonly after: number };
    readonly macs: { readonly convBefore: number; readonly convAfter: number };
  };
  readonly tuned: { readonly accuracy: { readonly after: number } };
}

/**
 * Reads the points of the chart from the recorded runs and from `peers.json`.
 *
 * @returns The points, those with the fewest multiply-accumulates first.
 */
export async function readTradeOffPoints(): Promise<TradeOffPoints> {
  const runs = await Promise.all(RUNS.map(readRun));
  const pointOf = ({ pruned: { macs } }: RecordedRun, accuracy: number) => ({
    macs: 100 * macs.convAfter / macs.convBefore,
    accuracy: 100 * accuracy,
  });
  return {
    original: 100 * runs[0].pruned.accuracy.before,
    cut: runs.map((run) => pointOf(run, run.pruned.accuracy.after)),
    tuned: runs.map((run) => pointOf(run, run.tuned.accuracy.after)),
    peers: new Map(
      peers.methods.map(({ name, runs }) => [
        name,
        runs.map(({ macsKept, accuracy }) => ({ macs: 100 * macsKept, accuracy: 100 * accuracy })),
      ]),
    ),
  };
}

async function readRun(name: string): Promise<RecordedRun> {
  return JSON.parse(await Deno.readTextFile(new URL(name, RESULTS)));
}
