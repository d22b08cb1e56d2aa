import { findChannelSpaces, openNetwork } from "../graph/mod.ts";
import { startBackend } from "../kernels/mod.ts";
import { disposeModel, type ModelFile } from "../model/mod.ts";
import { checkRatiosOf, type RatioOptions } from "../pruning/mod.ts";

/** Options of {@link checkRatios}: the network, trained or not, and what `prune` is told of ratios. */
export type CheckRatiosOptions = { readonly model: ModelFile } & RatioOptions;

/**
 * Checks what can be known of ratios from a network alone, before work is spent on it: that a list fits, that a share can be
 * reached, and that skipped layers exist.
 *
 * @param options The network, and what `prune` is told of ratios.
 * @throws {InputError} When an entry of a list is no number or out of range, their number does not fit, or there is no layer
 * of a name; when even the cheapest choice costs more than the share.
 *
 * @example A list has an entry for every convolution
 * ```ts
 * import { checkRatios, openModel } from "secateur";
 * import assert from "node:assert/strict";
 *
 * const model = await openModel("cli/example/resnet8-fashion-mnist");
 * const list = { kind: "list", text: "0.5, 0.5", source: "ratio.list" } as const;
 * await assert.rejects(checkRatios({ model, policy: list }), /found 2 entries, wanted 10/);
 * const budget = { kind: "budget", share: 0.001 } as const;
 * await assert.rejects(checkRatios({ model, policy: budget }), /the least share that can be reached/);
 * ```
 */
export async function checkRatios({ model, ...ratios }: CheckRatiosOptions): Promise<void> {
  await startBackend();
  const { model: opened, graph } = await openNetwork(model);
  disposeModel(opened);
  checkRatiosOf({ graph, map: findChannelSpaces(graph) }, ratios);
}
