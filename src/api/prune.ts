import { checkQueue, describeTrials, openQueue, type QueueOptions } from "../distributed/mod.ts";
import {
  type OpenExecutor,
  pruneNetwork,
  type PruneNetworkOptions,
  type PruneResult,
  sharedModeOf,
} from "../pruning/mod.ts";

/** Options of {@link prune}. */
export interface PruneOptions extends PruneNetworkOptions {
  /** Workers that try out the networks of a search (`auto`). Default: this process tries them out. */
  readonly queue?: QueueOptions;
}

/**
 * Makes a convolutional network smaller: chooses the channels that every convolution keeps, repairs the layers by
 * regression (He et al. 2017, arXiv 1707.06168), takes the channels out and measures what is left. With `tuning` the
 * smaller network is then trained for some epochs.
 *
 * Statistics, search and tuning use the training split; the test split is used only for the figures before and after.
 * Where images or model have no classes, networks are measured by the relative error of their outputs against the
 * original's, in place of accuracy and cross-entropy.
 *
 * @param options Model, data, ratios and settings.
 * @returns The smaller model and the figures of the run.
 * @throws {InputError} When model, data, ratios or queue cannot be used; nothing has been written then.
 * @throws {WorkerError} When a thread is lost; a run with a search or tuning keeps its state.
 *
 * @example Keep half of the multiply–accumulates
 * ```ts
 * import { prune } from "secateur";
 * import assert from "node:assert/strict";
 *
 * const { report } = await prune({
 *   model: "cli/example/resnet8-fashion-mnist",
 *   data: "cli/example/fashion-mnist",
 *   policy: { kind: "budget", share: 0.5 },
 *   batches: 1,
 * });
 * assert.ok(report.macs.after <= 0.5 * report.macs.before);
 * assert.ok(report.accuracy!.after > 0.8);
 * ```
 *
 * @example Search with workers, and tune the winner
 * ```ts ignore
 * import { prune } from "secateur";
 *
 * const { file, report } = await prune({
 *   model: "resnet20",
 *   data: "cifar10",
 *   policy: { kind: "auto", share: 0.5, search: { proposals: 8 } },
 *   tuning: { epochs: 10, teacher: "original" },
 *   queue: { url: "redis://queue.example.org", blobs: "/mnt/secateur" },
 * });
 * ```
 */
export async function prune({ queue, ...options }: PruneOptions): Promise<PruneResult> {
  if (queue === undefined) return await pruneNetwork(options);
  await checkQueue(queue);
  return await pruneNetwork(options, { openExecutor: executorAt(queue, options) });
}

/** Has networks tried out by workers, which open model, images and statistics as this process does. */
function executorAt(queue: QueueOptions, options: PruneNetworkOptions): OpenExecutor {
  return async (trials, images) => {
    const { executor } = await openQueue(queue, async (blobs) => ({
      kind: "trials",
      spec: await describeTrials(
        trials,
        { ...options, shared: sharedModeOf(options), images },
        blobs,
      ),
    }));
    return executor;
  };
}
