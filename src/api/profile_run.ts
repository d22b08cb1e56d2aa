import {
  describeConditions,
  latencyBatch,
  LatencyTable,
  layerShapes,
  type LayerTimer,
  measureLatencyOn,
  networkCost,
  networkTimes,
  profileGraph,
  type RunProfile,
  timeLayersOn,
} from "../cost/mod.ts";
import { InputError, messageOf } from "../base/mod.ts";
import { findChannelSpaces, type LayerGraph, openNetwork } from "../graph/mod.ts";
import { startBackend } from "../kernels/mod.ts";
import { disposeModel, type ModelFile, readPreprocessing } from "../model/mod.ts";
import { type ProgressListener, resolveModel, resolveSizedModel } from "../session/mod.ts";

/** Options of {@link profile}. */
export interface ProfileOptions {
  /** The original network, where there is one. */
  readonly before?: ModelFile;
  /** The network that was made of it; its metadata states the input size. */
  readonly after: ModelFile;
  /** Whether layers and networks are timed. Default true. */
  readonly latency?: boolean;
  /** Called before every measurement. */
  readonly onProgress?: ProgressListener;
}

/** A prediction is timed with many images, as for a budget of latency, where that takes a moment alone. */
const MOST_MACS = 4e9;

/** How long whole networks take turns. */
const TURNS = { rounds: 15, milliseconds: 1500 } as const;

/** How carefully layers are timed: nothing is decided by it. */
const EFFORT = { leastRounds: 9 } as const;

interface Opened {
  readonly file: ModelFile;
  readonly graph: LayerGraph;
}

/**
 * Finds out what a network costs before and after, layer by layer: multiply–accumulates, weights, and milliseconds on
 * stock TensorFlow.js on this machine. Where layers cannot be timed, the profile says why and has no times.
 *
 * @param options The networks.
 * @returns Their costs for one image.
 * @throws {InputError} When a model cannot be opened.
 * @throws {WorkerError} When the thread that takes the times is lost.
 *
 * @example Find out what folding saves
 * ```ts
 * import { fold, openModel, profile } from "secateur";
 * import assert from "node:assert/strict";
 *
 * const original = await openModel("cli/example/resnet8-fashion-mnist");
 * const { file: folded } = await fold(original);
 * const { before, after } = await profile({ before: original, after: folded, latency: false });
 * assert.ok(after.params < before!.params);
 * assert.ok(after.layers.length < before!.layers.length);
 * ```
 */
export async function profile(options: ProfileOptions): Promise<RunProfile> {
  await startBackend();
  const { inputs } = readPreprocessing(options.after);
  const sized = await resolveSizedModel(options.after);
  const countedFor = sized.countedFor && { countedFor: sized.countedFor.inputs };
  const sizes = inputs.flatMap(({ name, shape: [height, width, channels] }) =>
    channels === undefined ? [] : [[name, { inputSize: [height, width] as [number, number] }]]
  );
  const open = async (model: ModelFile): Promise<Opened> => {
    const file = await resolveModel(model, { inputs: Object.fromEntries(sizes) });
    const network = await openNetwork(file);
    disposeModel(network.model);
    return { file, graph: network.graph };
  };
  const opened = await Promise.all([options.before, options.after].filter(isGiven).map(open));
  if (options.latency ?? true) {
    try {
      return { ...await timeNetworks(opened, options.onProgress), ...countedFor };
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
      return { ...costsOf(opened), ...countedFor, latencyFailure: messageOf(error) };
    }
  }
  return { ...costsOf(opened), ...countedFor };
}

function isGiven<Value>(value: Value | undefined): value is Value {
  return value !== undefined;
}

/** The last network is the one after. */
function costsOf(opened: readonly Opened[]): RunProfile {
  const profiles = opened.map(({ graph }) => profileGraph(graph));
  return { before: profiles.at(-2), after: profiles.at(-1)! };
}

/** Times that have been measured: a layer that is the same in both networks has one. */
function readOff(table: LatencyTable): LayerTimer {
  return (shapes) =>
    Promise.resolve({ reference: 1, ratios: shapes.map((shape) => table.timeOf(shape)) });
}

async function timeNetworks(
  opened: readonly Opened[],
  onProgress?: ProgressListener,
): Promise<RunProfile> {
  const report = (done: number) => onProgress?.({ stage: "measuring latency", done, total: 2 });
  const { macs } = networkCost(opened[0].graph);
  const many = latencyBatch(opened[0].graph);
  const batchSize = macs * many <= MOST_MACS ? many : 1;
  report(0);
  const files = opened.map(({ file }) => file);
  const whole = await measureLatencyOn("tfjs-wasm", files, { batchSize, ...TURNS });
  report(1);
  const table = await LatencyTable.open({ timer: timeLayersOn("tfjs-wasm", EFFORT) });
  const networks = opened.map(({ graph }) => ({ graph, map: findChannelSpaces(graph) }));
  await table.measure(
    networks.flatMap(({ graph, map }) => [...layerShapes(graph, map, batchSize).values()]),
  );
  const profiles = [];
  for (const [index, { graph, map }] of networks.entries()) {
    const layers = await networkTimes(graph, map, batchSize, readOff(table));
    profiles.push(profileGraph(graph, { batchSize, layers, whole: whole[index].median }));
  }
  return {
    before: profiles.at(-2),
    after: profiles.at(-1)!,
    latency: { batchSize, conditions: describeConditions() },
  };
}
