import { type LayerGraph, writeGraph } from "../../graph/mod.ts";
import {
  batchesOfThread,
  type DataOptions,
  evaluateOn,
  type ImageSelection,
  type Session,
  trackBatches,
} from "../../session/mod.ts";
import { type CutGraph, hasBatchNorm, reestimateBatchNorm } from "../measure_network.ts";
import type { PruneReport } from "../prune_report.ts";
import type { StatisticsSource } from "../statistics/statistics_source.ts";

/** Images whose statistics replace those of BatchNormalization, and as many others that decide whether they do. */
const MOST_IMAGES = 1024;

/**
 * Re-estimates BatchNormalization on calibration images (without training) and keeps the result when it lowers the loss
 * on calibration images that it was not estimated on.
 *
 * @param session The session.
 * @param source The original, and the calibration images.
 * @param cut The pruned network.
 * @param settings Batch size and progress.
 * @returns The network with the better statistics, and both losses.
 */
export async function refreshBatchNorm(
  session: Session,
  source: Pick<StatisticsSource, "pool" | "file" | "graph" | "map" | "calibration">,
  cut: CutGraph,
  settings: Pick<DataOptions, "onProgress"> & { readonly batchSize: number },
): Promise<{ graph: LayerGraph; decision: PruneReport["batchNorm"] }> {
  const { graph } = cut;
  const calibration = source.calibration.indices;
  const half = Math.min(MOST_IMAGES, Math.floor(calibration.length / 2));
  if (half === 0 || !hasBatchNorm(graph)) {
    return { graph, decision: { reestimated: false } };
  }
  const part = (from: number): ImageSelection => ({
    split: "train",
    indices: calibration.subarray(from, from + half),
    batchSize: settings.batchSize,
  });
  const total = batchesOfThread(session, half, settings.batchSize);
  trackBatches(session, { stage: "measuring BatchNormalization", total }, settings.onProgress);
  const candidate = await reestimateBatchNorm(source, cut, part(0));
  const losses = [];
  for (const variant of [graph, candidate]) {
    const model = writeGraph(variant, session.file);
    const { loss } = await evaluateOn(
      session,
      model,
      part(half),
      settings,
      "deciding on BatchNormalization",
    );
    losses.push(loss);
  }
  const [lossKept, lossReestimated] = losses;
  const reestimated = lossReestimated < lossKept;
  const decision = { reestimated, lossKept, lossReestimated };
  return { graph: reestimated ? candidate : graph, decision };
}
