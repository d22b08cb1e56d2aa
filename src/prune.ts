import * as tf from "@tensorflow/tfjs";
import { networkCost } from "./cost/mod.ts";
import { pickCalibration } from "./data/mod.ts";
import { evaluateOn, meanFigures, wholeSplit } from "./evaluate.ts";
import { withBatchNormMoments } from "./forward/mod.ts";
import {
  absorbBiases,
  findChannelSpaces,
  type LayerGraph,
  listConvolutions,
  shrinkGraph,
  unpinInputSize,
  writeGraph,
} from "./graph/mod.ts";
import { loadKernels } from "./kernels/mod.ts";
import { disposeModel, instantiate, type ModelFile } from "./model/mod.ts";
import type { ImageSelection } from "./parallel/mod.ts";
import { parseRatioList, planLayers, uniformRatios } from "./policy/mod.ts";
import type { PruneOptions, PruneReport, PruneResult } from "./prune_types.ts";
import { checkSamples, plansToRepair, repairLayers } from "./repair.ts";
import { batchesOfThread, openSession, type Session, trackBatches } from "./session.ts";
import { Stopwatch } from "./stopwatch.ts";

const MEBIBYTE = 2 ** 20;

/** Images whose statistics replace those of BatchNormalization, and as many others that decide whether they do. */
const BATCH_NORM_IMAGES = 1024;

/** Images on which the masked and the shrunk model are compared. */
const COMPARED_IMAGES = 32;

/** What {@link prune} uses where an option is not given. */
export const PRUNE_DEFAULTS = {
  select: "obs",
  shared: "select",
  channelMultiple: 1,
  skip: [],
  batches: 60,
  batchSize: 128,
  pointsPerImage: 10,
  ridge: 1e-4,
  seed: 0,
  memoryBudget: 600 * MEBIBYTE,
  verify: true,
} as const;

/**
 * Makes a convolutional network smaller: chooses the channels that every convolution keeps, repairs the layers by
 * regression (He et al. 2017, arXiv 1707.06168), takes the channels out and measures what is left.
 *
 * Statistics come from the train split; the test split serves the two accuracies alone.
 *
 * @param options Model, data, ratios and settings.
 * @returns The smaller model and the figures of the run.
 * @throws {InputError} When model, data or ratios cannot be used; nothing has been written then.
 */
export async function prune(options: PruneOptions): Promise<PruneResult> {
  const clock = new Stopwatch();
  const settings = { ...PRUNE_DEFAULTS, ...withoutUndefined(options) };
  const session = await openSession(settings);
  try {
    const { graph, file, crew } = session;
    const map = findChannelSpaces(graph);
    const places = listConvolutions(graph, map, settings.shared);
    const ratios = settings.policy.kind === "uniform"
      ? uniformRatios(settings.policy.ratio, places)
      : parseRatioList(settings.policy.text, settings.policy.source, places);
    const plans = planLayers(graph, map, places, ratios, settings);
    const test = wholeSplit(session, "test", settings);
    const evaluateModel = (model: ModelFile, stage: string) =>
      clock.time("evaluate", () => evaluateOn(session, model, test, settings, stage));

    const { train, heldOut } = crew.local.dataset;
    const wanted = settings.batches * settings.batchSize;
    const calibration = pickCalibration(train, wanted, settings.seed);
    checkSamples(plans, calibration.length, settings.pointsPerImage);
    const before = await evaluateModel(file, "evaluating the original");
    const active = plansToRepair(plans);
    await crew.startCalibration({
      file,
      indices: calibration,
      layers: active.map(({ node }) => node.key),
      batchSize: settings.batchSize,
      seed: settings.seed,
      pointsPerImage: settings.pointsPerImage,
      memoryBudget: settings.memoryBudget,
    });
    const repaired = await repairLayers({
      graph,
      map,
      crew,
      clock,
      kernels: await loadKernels(),
      select: settings.select,
      ridge: settings.ridge,
      onLayer: (name, index) => {
        const batches = batchesOfThread(session, calibration.length, settings.batchSize);
        const total = active.length * batches;
        const tracked = { stage: "pruning", detail: name, done: index * batches, total };
        trackBatches(session, tracked, settings.onProgress);
      },
    }, plans);
    await crew.endCalibration();

    const shrunk = absorbBiases(shrinkGraph(repaired.masked, map, repaired), graph);
    const maskedDifference = settings.verify
      ? await compareModels(writeGraph(repaired.masked, file), writeGraph(shrunk, file))
      : undefined;
    const refreshed = await clock.time(
      "batchNorm",
      () => refreshBatchNorm(session, shrunk, calibration, settings),
    );
    const pruned = writeGraph(refreshed.graph, file);
    const after = await evaluateModel(pruned, "evaluating the pruned model");
    const faults = await crew.faults();
    const [accuracyBefore, accuracyAfter] = [meanFigures(before), meanFigures(after)];
    const [costBefore, costAfter] = [networkCost(graph), networkCost(shrunk)];
    const report: PruneReport = {
      accuracy: { before: accuracyBefore.accuracy, after: accuracyAfter.accuracy },
      loss: { before: accuracyBefore.loss, after: accuracyAfter.loss },
      macs: {
        before: costBefore.macs,
        after: costAfter.macs,
        convBefore: costBefore.convMacs,
        convAfter: costAfter.convMacs,
        selectors: selectorMacs(shrunk, graph),
      },
      params: { before: costBefore.params, after: costAfter.params },
      layers: repaired.layers,
      batchNorm: refreshed.decision,
      maskedDifference,
      seconds: {
        total: clock.total,
        calibrate: clock.seconds("calibrate"),
        select: clock.seconds("select"),
        reconstruct: clock.seconds("reconstruct"),
        batchNorm: clock.seconds("batchNorm"),
        evaluate: clock.seconds("evaluate"),
      },
      images: {
        calibration: calibration.length,
        test: after.images,
        unreadable: faults.count,
        unreadableNames: faults.names,
      },
      seed: settings.seed,
      workers: crew.size,
      notices: [
        ...(active.length === 0 ? ["no channel was cut: every layer stays whole"] : []),
        ...(calibration.length < wanted
          ? [`the train split has ${calibration.length} images, fewer than the ${wanted} asked for`]
          : []),
        ...(heldOut ? ["the data has no test split: every fifth image was set aside for it"] : []),
      ],
    };
    return { file: unpinInputSize(pruned, session.original), report };
  } finally {
    await session.close();
  }
}

/** Undefined options do not hide defaults. */
function withoutUndefined(options: PruneOptions): PruneOptions {
  const entries = Object.entries(options).filter(([, value]) => value !== undefined);
  return Object.fromEntries(entries) as unknown as PruneOptions;
}

/** Multiply–accumulates of the layers that the original did not have: the selectors. */
function selectorMacs(shrunk: LayerGraph, original: LayerGraph): number {
  const known = new Set(original.nodes.map(({ key }) => key));
  const added = shrunk.nodes.filter(({ key }) => !known.has(key));
  return networkCost({ ...shrunk, nodes: added, otherWeights: new Map() }).convMacs;
}

/**
 * Largest difference between the outputs of two models, run by stock TensorFlow.js, on random images.
 *
 * @throws {Error} When it is above 1e-4 of the largest output: the surgery is wrong.
 */
async function compareModels(masked: ModelFile, shrunk: ModelFile): Promise<number> {
  const models = [await instantiate(masked), await instantiate(shrunk)];
  const difference = tf.tidy(() => {
    const shape = models[0].inputs[0].shape.slice(1) as number[];
    const images = tf.randomNormal([COMPARED_IMAGES, ...shape], 0, 1, "float32", 1);
    const [wanted, found] = models.map((model) => model.predict(images) as tf.Tensor);
    const scale = Math.max(1, tf.max(tf.abs(wanted)).arraySync() as number);
    return tf.max(tf.abs(tf.sub(wanted, found))).arraySync() as number / scale;
  });
  for (const model of models) disposeModel(model);
  if (!(difference <= 1e-4)) {
    throw new Error(
      `comparing the masked and the shrunk model: their outputs differ by ${difference}, ` +
        `wanted at most 1e-4; this is a defect of Secateur`,
    );
  }
  return difference;
}

/**
 * Re-estimates BatchNormalization on calibration images (without training) and keeps the result when it lowers the loss
 * on calibration images that it was not estimated on.
 */
async function refreshBatchNorm(
  session: Session,
  graph: LayerGraph,
  calibration: Int32Array,
  settings: PruneOptions & { readonly batchSize: number },
): Promise<{ graph: LayerGraph; decision: PruneReport["batchNorm"] }> {
  const half = Math.min(BATCH_NORM_IMAGES, Math.floor(calibration.length / 2));
  if (half === 0 || !graph.nodes.some((node) => node.className === "BatchNormalization")) {
    return { graph, decision: { reestimated: false } };
  }
  const part = (from: number): ImageSelection => ({
    split: "train",
    indices: calibration.subarray(from, from + half),
    batchSize: settings.batchSize,
  });
  const { crew, file } = session;
  const total = batchesOfThread(session, half, settings.batchSize);
  trackBatches(session, { stage: "measuring BatchNormalization", total }, settings.onProgress);
  const moments = await crew.measureBatchNorm(writeGraph(graph, file), part(0));
  const candidate = withBatchNormMoments(graph, moments);
  const losses = [];
  for (const variant of [graph, candidate]) {
    const model = writeGraph(variant, file);
    const sums = await evaluateOn(
      session,
      model,
      part(half),
      settings,
      "deciding on BatchNormalization",
    );
    losses.push(meanFigures(sums).loss);
  }
  const [lossKept, lossReestimated] = losses;
  const reestimated = lossReestimated < lossKept;
  const decision = { reestimated, lossKept, lossReestimated };
  return { graph: reestimated ? candidate : graph, decision };
}
