import { compareNetworks, drawRows, foldGraph, openNetwork, writeGraph } from "../graph/mod.ts";
import { startBackend } from "../kernels/mod.ts";
import { disposeModel, type ModelFile } from "../model/mod.ts";
import { type Change, resolveModel } from "../session/mod.ts";

/** A folded model, and how it differs from the original. */
export interface FoldResult {
  /** The model with fewer layers. */
  readonly file: ModelFile;
  /** Number of layers before and after. */
  readonly layers: Change;
  /** Largest difference between the outputs of both on inputs that they can take, relative to the outputs' spread. */
  readonly difference: number;
  /** Whether these inputs can show a difference: a change of one weight was noticed. */
  readonly isTelling: boolean;
}

/**
 * Makes a model ready for use: the same outputs from fewer layers. Layers that only training needs are left out,
 * BatchNormalization goes into the layers around it or becomes a depthwise convolution, activations become arguments of the
 * layers in front of them. The result is an ordinary layers model that every command takes.
 *
 * @param model A model, or its path.
 * @returns The folded model; its outputs have been compared with those of the given one.
 * @throws {InputError} When the model cannot be read, or its outputs are no finite numbers.
 * @throws {Error} When the outputs differ by more than 1e-4 of their spread, which is a defect of Secateur.
 *
 * @example Make a model ready for use
 * ```ts
 * import { fold } from "secateur";
 * import assert from "node:assert/strict";
 *
 * const { layers, difference } = await fold("cli/example/resnet8-fashion-mnist");
 * assert.ok(layers.after < layers.before);
 * assert.ok(difference < 1e-4);
 * ```
 */
export async function fold(model: string | ModelFile): Promise<FoldResult> {
  const original = await resolveModel(model);
  await startBackend();
  const network = await openNetwork(original);
  disposeModel(network.model);
  const file = writeGraph(foldGraph(network.graph), original);
  const rows = drawRows(network.graph, original);
  const comparison = await compareNetworks(original, file, rows, `folding ${original.path}`);
  const layers = { before: countLayers(original), after: countLayers(file) };
  return { file, layers, ...comparison };
}

function countLayers({ topology }: ModelFile): number {
  return topology.config.layers!.length;
}
