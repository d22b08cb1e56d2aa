import { pickCalibration } from "./data/mod.ts";
import {
  absorbBiases,
  findChannelSpaces,
  listConvolutions,
  shrinkGraph,
  unpinInputSize,
  writeGraph,
} from "./graph/mod.ts";
import { loadKernels } from "./kernels/mod.ts";
import type { ModelFile } from "./model/mod.ts";
import { parseRatioList, planLayers, uniformRatios } from "./policy/mod.ts";
import {
  checkSamples,
  compareModels,
  describeRun,
  plansToRepair,
  type PruneOptions,
  type PruneResult,
  refreshBatchNorm,
  repairLayers,
  Stopwatch,
} from "./pruning/mod.ts";
import {
  batchesOfThread,
  evaluateOn,
  openSession,
  trackBatches,
  wholeSplit,
} from "./session/mod.ts";

const MEBIBYTE = 2 ** 20;

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
    const active = plansToRepair(plans);

    const wanted = settings.batches * settings.batchSize;
    const calibration = pickCalibration(crew.local.dataset.train, wanted, settings.seed);
    checkSamples(plans, calibration.length, settings.pointsPerImage);
    const test = wholeSplit(session, "test", settings);
    const evaluateModel = (model: ModelFile, stage: string) =>
      clock.time("evaluate", () => evaluateOn(session, model, test, settings, stage));
    const before = await evaluateModel(file, "evaluating the original");

    await crew.startCalibration({
      file,
      indices: calibration,
      layers: active.map(({ node }) => node.key),
      batchSize: settings.batchSize,
      seed: settings.seed,
      pointsPerImage: settings.pointsPerImage,
      memoryBudget: settings.memoryBudget,
    });
    const batches = batchesOfThread(session, calibration.length, settings.batchSize);
    const onLayer = (detail: string, index: number) => {
      const [done, total] = [index * batches, active.length * batches];
      trackBatches(session, { stage: "pruning", detail, done, total }, settings.onProgress);
    };
    const kernels = await loadKernels();
    const context = { ...settings, graph, map, crew, kernels, clock, onLayer };
    const repaired = await repairLayers(context, plans);
    await crew.endCalibration();

    const shrunk = absorbBiases(shrinkGraph(repaired.masked, map, repaired), graph);
    const maskedDifference = settings.verify
      ? await compareModels(writeGraph(repaired.masked, file), writeGraph(shrunk, file))
      : undefined;
    const { graph: refreshed, decision: batchNorm } = await clock.time(
      "batchNorm",
      () => refreshBatchNorm(session, shrunk, calibration, settings),
    );
    const pruned = writeGraph(refreshed, file);
    const after = await evaluateModel(pruned, "evaluating the pruned model");

    const report = describeRun({
      graphs: { before: graph, after: refreshed },
      evaluations: { before, after },
      layers: repaired.layers,
      batchNorm,
      maskedDifference,
      clock,
      images: { calibration: calibration.length, wanted },
      faults: await crew.faults(),
      heldOut: crew.local.dataset.heldOut,
      seed: settings.seed,
      workers: crew.size,
    });
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
