import { InputError, messageOf } from "../base/mod.ts";
import { networkCost } from "../cost/mod.ts";
import {
  absorbBiases,
  type ChannelMap,
  compareNetworks,
  compareOnThread,
  type Comparison,
  type LayerGraph,
  leaveOutBypasses,
  type ReaderPlace,
  shrinkGraph,
  writeGraph,
} from "../graph/mod.ts";
import { batchesOfThread, type Session, trackBatches, trainingRows } from "../session/mod.ts";
import { type ChosenRatios, type LayerPlan, planLayers, type PlanRules } from "./policy/mod.ts";
import { blocksToLeave } from "./repair/left_blocks.ts";
import { refreshBatchNorm } from "./repair/refresh_batch_norm.ts";
import { plansToRepair, type RepairContext, reportLayers } from "./repair/repair.ts";
import { repairInGroups } from "./repair/repair_in_groups.ts";
import { type NetworkRepair, repairNetwork } from "./repair/repair_network.ts";
import type { Tuner } from "./repair/tuner.ts";
import { placeOfStage, type RunFolder } from "./run_folder.ts";
import type { PruneNetworkOptions } from "./prune_options.ts";
import type { LayerReport, PruneReport, PruneTuningReport } from "./prune_report.ts";

/** Parameters from which on networks are compared on a thread that gives back its memory; this one has room for 256 MB. */
const COMPARED_ON_THREAD = 2 ** 26;

/** What a network is cut and repaired with. */
export interface CutRun {
  /** Model and data. */
  readonly session: Session;
  /** The original network, its statistics and its images. */
  readonly context: Omit<RepairContext, "onLayer">;
  /** The network's convolutions. */
  readonly places: readonly ReaderPlace[];
  /** Rules for all layers, and how far the network is repaired. */
  readonly settings:
    & PlanRules
    & Pick<PruneNetworkOptions, "networkRepair" | "signal" | "onProgress">
    & Required<Pick<PruneNetworkOptions, "repair" | "verify" | "batchSize" | "seed">>;
  /** Tunes between groups of layers, if anything does. */
  readonly tuner?: Tuner;
  /** Where the state is kept, if it is. */
  readonly folder?: RunFolder;
}

/** A network that is cut and repaired. */
export interface CutNetwork extends Pick<PruneReport, "batchNorm" | "networkRepair"> {
  /** The smaller network. */
  readonly graph: LayerGraph;
  /** What happened to every layer. */
  readonly layers: readonly LayerReport[];
  /** Epochs of the tuning between groups. */
  readonly groups: PruneTuningReport["groups"];
  /** How the masked and the shrunk network compare, where they were compared. */
  readonly comparison?: Comparison;
}

/**
 * Cuts a network and repairs it: its layers one after the other, then BatchNormalization, then the whole where that is
 * asked for.
 *
 * @param run What to work with.
 * @param chosen Ratios of the layers.
 * @returns The smaller network.
 */
export async function cutNetwork(run: CutRun, chosen: ChosenRatios): Promise<CutNetwork> {
  const { session, context, places, settings, tuner, folder } = run;
  const { graph, map, file, clock, calibration: { indices: calibration } } = context;
  const plans = planLayers(graph, map, places, chosen, settings);
  const { repair, groups } = await repairInGroups(
    { ...context, onLayer: trackLayers(session, map, plans, settings, calibration.length) },
    plans,
    tuner,
    folder,
  );
  const shrunk = absorbBiases(
    leaveOutBypasses(shrinkGraph(repair.masked, map, repair), blocksToLeave(plans)),
    graph,
  );
  const compare = session.pool.size > 1 && networkCost(graph).params > COMPARED_ON_THREAD
    ? compareOnThread
    : compareNetworks;
  const comparison = settings.verify
    ? await compare(
      writeGraph(repair.masked, file),
      writeGraph(shrunk, file),
      trainingRows(session, calibration),
      "taking the masked channels out",
    )
    : undefined;
  const { graph: refreshed, decision: batchNorm } = await clock.time(
    "batchNorm",
    () => refreshBatchNorm(session, context, { graph: shrunk, cuts: repair }, settings),
  );
  const whole = await repairWhole(run, refreshed);
  return {
    graph: whole?.graph ?? refreshed,
    layers: reportLayers(plans, repair),
    groups,
    comparison,
    batchNorm,
    networkRepair: whole?.report,
  };
}

/** Repairs the smaller network as a whole, where that is asked for; one that cannot be trained is left as it is. */
async function repairWhole(
  { session, context, settings, folder }: CutRun,
  graph: LayerGraph,
): Promise<NetworkRepair | undefined> {
  const { repair, networkRepair, seed, signal, onProgress } = settings;
  if (repair === "layers") return undefined;
  const place = folder && placeOfStage(folder, "network");
  try {
    return await context.clock.time(
      "repair",
      () =>
        repairNetwork(session, context, graph, {
          ...networkRepair,
          seed,
          signal,
          onProgress,
          place,
        }),
    );
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    return { graph, report: { steps: 0, epochs: [], reason: messageOf(error) } };
  }
}

/** Shows how far the layers are, by batches of this thread. */
function trackLayers(
  session: Session,
  map: ChannelMap,
  plans: readonly LayerPlan[],
  { batchSize, onProgress }: CutRun["settings"],
  images: number,
): RepairContext["onLayer"] {
  const size = session.pool.calibrationBatchSizeFor(batchSize);
  const batches = batchesOfThread(session, images, size);
  const total = plansToRepair({ map }, plans).length * batches;
  return (detail, layersDone) =>
    trackBatches(
      session,
      { stage: "pruning", detail, done: layersDone * batches, total },
      onProgress,
    );
}
