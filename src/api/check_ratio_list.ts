import { findChannelSpaces, listReaders, openNetwork, type SharedMode } from "../graph/mod.ts";
import { startBackend } from "../kernels/mod.ts";
import { disposeModel, type ModelFile } from "../model/mod.ts";
import { parseRatioList, type RatioPolicy } from "../pruning/mod.ts";

/** What a ratio list is held against. */
export interface RatioListOptions {
  /** The network, trained or not. */
  readonly model: ModelFile;
  /** The list. */
  readonly list: Extract<RatioPolicy, { kind: "list" }>;
  /** What would happen to channels that several layers read. Default `select`. */
  readonly shared?: SharedMode;
}

/**
 * Checks that a ratio list fits a network, before work is spent on it.
 *
 * @param options Network and list.
 * @throws {InputError} When an entry is no number or out of range, their number does not fit, or there is no layer of a
 * name; the entry is named.
 *
 * @example A list has an entry for every convolution
 * ```ts
 * import { checkRatioList, openModel } from "@secateur/secateur";
 * import assert from "node:assert/strict";
 *
 * const model = await openModel("cli/example/resnet8-fashion-mnist");
 * const list = { kind: "list", text: "0.5, 0.5", source: "ratio.list" } as const;
 * await assert.rejects(checkRatioList({ model, list }), /found 2 entries, wanted 10/);
 * ```
 */
export async function checkRatioList(
  { model, list, shared = "select" }: RatioListOptions,
): Promise<void> {
  await startBackend();
  const { model: opened, graph } = await openNetwork(model);
  disposeModel(opened);
  parseRatioList(list.text, list.source, listReaders(graph, findChannelSpaces(graph), shared));
}
