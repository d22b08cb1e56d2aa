import { networkCost } from "../cost/mod.ts";
import { InputError, type Notice, Stopwatch, withDefaults } from "../base/mod.ts";
import { listReaders } from "../graph/mod.ts";
import { loadKernels } from "../kernels/mod.ts";
import {
  type BudgetContext,
  type BudgetTarget,
  checkSkipped,
  createStatisticsSource,
  CURVE_SHARES,
  type CurvePoint,
  type ExploreForecast,
  forecastExploring,
  Judge,
  OriginalMoments,
  PRUNE_DEFAULTS,
  setUpBudget,
  traceCurve,
  wantedImages,
} from "../pruning/mod.ts";
import type { RuntimeName } from "../runtimes/mod.ts";
import {
  type DataOptions,
  noticeOfChance,
  openSession,
  type Session,
  tellForecast,
} from "../session/mod.ts";
import type { PruneOptions } from "./prune.ts";

/** What {@link explore} uses where an option is not given. */
export const EXPLORE_DEFAULTS = {
  ...PRUNE_DEFAULTS,
  shared: "couple",
  slowSelectors: false,
  keepBlocks: false,
  shares: CURVE_SHARES,
  images: 2000,
} as const;

/** Options of {@link explore}: those of `prune` that its curve depends on. Channels are chosen by `obs`. */
export interface ExploreOptions extends
  DataOptions,
  Pick<
    PruneOptions,
    "shared" | "channelMultiple" | "slowSelectors" | "keepBlocks" | "skip" | "statistics"
  >,
  Pick<PruneOptions, "batches" | "batchSize" | "pointsPerImage" | "ridge" | "seed">,
  Pick<PruneOptions, "memoryBudget" | "signal"> {
  /** What the shares are of: multiply–accumulates, parameters, or measured latency. Default `macs`. */
  readonly target?: BudgetTarget;
  /** File in which measured latencies are kept. Default: one in the user's cache. */
  readonly latencyTable?: string;
  /** What latencies are measured on, for the target `latency`. Default: stock TensorFlow.js, `tfjs-wasm`. */
  readonly runtime?: RuntimeName;
  /** Shares of the cost, each above 0 and at most 1, descending. Default: from 0.9 to 0.1 by tenths. */
  readonly shares?: readonly number[];
  /** Number of held-out training images that networks are measured on. Default 2000. */
  readonly images?: number;
  /** Called before the work begins with what will be done and about how long that takes, for which some images are timed. */
  readonly onForecast?: (forecast: ExploreForecast) => void;
  /** Called with every point as it is found. */
  readonly onPoint?: (point: CurvePoint) => void;
}

/** How much a network loses at which size. */
export interface ExploreReport {
  /** Name of the network. */
  readonly name: string;
  /** What the shares are of. */
  readonly target: BudgetTarget;
  /** The original network. */
  readonly original: Pick<CurvePoint, "macs" | "params" | "accuracy" | "images">;
  /** Smaller networks, the largest first; shares that cannot be reached have none. */
  readonly points: readonly CurvePoint[];
  /** Wall time in seconds. */
  readonly seconds: number;
  /** Seed of the choice of images and positions. */
  readonly seed: number;
  /** Threads that shared the work. */
  readonly workers: number;
  /** What is worth knowing about data and network. */
  readonly notices: readonly Notice[];
}

/**
 * Follows a network from large to small without cutting it: one pass over the images for the statistics, and a network read
 * off them for every share of the cost, measured on held-out training images. They are not repaired, so that `prune` loses
 * less at the same share.
 *
 * @param options Model, data and settings.
 * @returns The curve.
 * @throws {InputError} When model, data or statistics cannot be used, or no training images are held out to judge by.
 *
 * @example See how far a network can be cut
 * ```ts
 * import { explore } from "secateur";
 * import assert from "node:assert/strict";
 *
 * const { original, points } = await explore({
 *   model: "cli/example/resnet8-fashion-mnist",
 *   data: "cli/example/fashion-mnist",
 *   shares: [0.8, 0.4],
 *   batches: 2,
 * });
 * assert.ok(points[1].macs <= 0.4 * original.macs);
 * assert.ok(points[1].drop > points[0].drop);
 * ```
 */
export async function explore(options: ExploreOptions): Promise<ExploreReport> {
  const settings = withDefaults(options, EXPLORE_DEFAULTS);
  const session = await openSession(settings, (file) => file);
  try {
    return await exploreOpened(session, settings);
  } finally {
    await session.close();
  }
}

async function exploreOpened(
  session: Session,
  settings: ExploreOptions & typeof EXPLORE_DEFAULTS,
): Promise<ExploreReport> {
  const clock = new Stopwatch();
  const { target = "macs", latencyTable, runtime, onProgress } = settings;
  const images = wantedImages(session.graph, settings);
  const source = createStatisticsSource(session, { ...settings, images }, clock);
  const { graph, map, pool } = source;
  const places = listReaders(graph, map, settings.shared);
  checkSkipped(settings.skip, places);
  await tellForecast(
    settings.onForecast,
    () => forecastExploring(source, settings.shares, settings.images),
  );
  const original = await OriginalMoments.open(source, { path: settings.statistics });
  try {
    const context: BudgetContext = {
      ...source,
      original,
      kernels: await loadKernels(),
      select: "obs",
      ridge: settings.ridge,
      signal: settings.signal,
      onNotice: settings.onNotice,
      onStage: (stage, done, total) => onProgress?.({ stage, done, total }),
    };
    const judge = await Judge.open(context, settings.images);
    if (judge === undefined) throw noJudges();
    const goal = { share: 1, target, latencyTable, runtime };
    const setup = await setUpBudget(context, places, settings, goal);
    const { shares, onPoint } = settings;
    const traced = await traceCurve(context, setup, judge, shares, onPoint);
    const { macs, params } = networkCost(graph);
    const { accuracy, images: judged } = judge.original;
    const chance = noticeOfChance(session, judge.figures, "train");
    for (const notice of chance) settings.onNotice?.(notice);
    return {
      name: graph.name,
      target,
      original: { macs, params, ...(accuracy !== undefined && { accuracy }), images: judged },
      points: traced.map(({ counts: _counts, ...point }) => point),
      seconds: clock.total,
      seed: settings.seed,
      workers: pool.size,
      notices: [...session.notices, ...chance],
    };
  } finally {
    original.release();
  }
}

function noJudges(): InputError {
  return new InputError(
    "exploring a network: found no training images beside those of the statistics, wanted some to " +
      "measure on; add images",
  );
}
