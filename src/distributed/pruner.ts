import { LocalExecutor, outputsOf } from "../base/mod.ts";
import { openQueue, type QueueOptions } from "./queue/open_queue.ts";
import { pruneNetwork, type PruneNetworkOptions, type PruneResult } from "../pruning/mod.ts";
import type { ContextSpec } from "./contexts.ts";
import { readRun, runJob, type RunOutput } from "./run_job.ts";
import { resolveModel } from "../session/mod.ts";

/** Runs that wait at a queue at the same time: each holds its model in memory here. */
const MOST_AT_ONCE = 100;

/** Prunes networks in this process or on workers. */
export interface Pruner {
  /** How many runs can be under way at the same time. */
  readonly atOnce: number;
  /**
   * Prunes a network, as `prune` does. On a worker a run has the threads of that worker and keeps no state; when the
   * worker is lost, another one repeats the run from its beginning. What `onNotice` is told comes at its end.
   *
   * @param options Model, data, ratios and settings.
   * @returns The smaller model and the figures of the run.
   * @throws {InputError} When model, data or ratios cannot be used.
   */
  prune(options: PruneNetworkOptions): Promise<PruneResult>;
  /** Closes the connection to the queue, where there is one. */
  close(): Promise<void>;
}

/**
 * Opens a pruner, which does whole runs: in this process one after the other, or on workers many at the same time.
 *
 * @param queue The queue that the workers take runs from. Default: none, this process does them.
 * @returns The pruner; close it when done.
 * @throws {InputError} When the queue cannot be used.
 *
 * @example Prune by several ratios, one after the other
 * ```ts
 * import { openPruner } from "secateur";
 * import assert from "node:assert/strict";
 *
 * const pixels = () => crypto.getRandomValues(new Uint8Array(28 * 28));
 * const images = Array.from({ length: 64 }, () => ({ data: pixels(), height: 28, width: 28 }));
 * const data = { classes: [..."0123456789"], train: { images, labels: new Uint8Array(64) } };
 *
 * const model = "cli/example/resnet8-fashion-mnist";
 * const pruner = await openPruner();
 * const macs = [];
 * for (const ratio of [0.75, 0.5]) {
 *   const { report } = await pruner.prune({ model, data, policy: { kind: "uniform", ratio } });
 *   macs.push(report.macs.after);
 * }
 * await pruner.close();
 * assert.ok(macs[0] > macs[1]);
 * ```
 *
 * @example Prune by several ratios at the same time, on workers
 * ```ts ignore
 * import { openPruner } from "secateur";
 *
 * const pruner = await openPruner({ url: "redis://queue.example.org", blobs: "/mnt/secateur" });
 * const results = await Promise.all(
 *   [0.75, 0.5, 0.25].map((ratio) =>
 *     pruner.prune({ model: "resnet20", data: "cifar10", policy: { kind: "uniform", ratio } })
 *   ),
 * );
 * await pruner.close();
 * ```
 */
export async function openPruner(queue?: QueueOptions): Promise<Pruner> {
  return queue ? await openRemote(queue) : openLocal();
}

/** Options need not become plain data where they stay in the process. */
function openLocal(): Pruner {
  const executor = new LocalExecutor({
    run: (_, options: PruneNetworkOptions, { signal }) => pruneNetwork({ ...options, signal }),
  }, undefined);
  let runs = 0;
  return {
    atOnce: 1,
    prune: async (options) => {
      const job = { kind: "run", key: String(++runs), input: options };
      const { signal } = options;
      return outputsOf(await executor.run<PruneResult>([job], { signal }))[0];
    },
    close: () => executor.close(),
  };
}

async function openRemote(queue: QueueOptions): Promise<Pruner> {
  const context: ContextSpec = { kind: "runs" };
  const { executor, blobs } = await openQueue(queue, () => Promise.resolve(context));
  return {
    atOnce: MOST_AT_ONCE,
    prune: async (options) => {
      const { signal, onProgress, onNotice } = options;
      const job = await runJob({ ...options, model: await resolveModel(options.model) }, blobs);
      const [output] = outputsOf(
        await executor.run<RunOutput>([job], {
          signal,
          onProgress: (_, share) => onProgress?.({ stage: "elsewhere", done: share, total: 1 }),
        }),
      );
      return await readRun(output, blobs, onNotice);
    },
    close: () => executor.close(),
  };
}
