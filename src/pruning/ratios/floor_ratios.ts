import { InputError, option } from "../../base/mod.ts";
import type { LayerGraph, ReaderPlace } from "../../graph/mod.ts";
import { confidenceOf, Judge } from "../judge.ts";
import { type ChosenRatios, type PlanRules, ratiosOfCounts } from "../policy/mod.ts";
import { isJsonObject } from "../../model/mod.ts";
import type { FloorPolicy, FloorReport } from "../types.ts";
import {
  folderOfShare,
  placeOfLatencies,
  placeOfStage,
  removeStages,
  type RunFolder,
} from "../run_folder.ts";
import { damagedState, loadState, saveState } from "../../tuning/mod.ts";
import { solveBudget } from "./budget_ratios.ts";
import { traceCurve } from "./curve.ts";
import { type ReadOff, searchFloor } from "./floor_search.ts";
import { type BudgetContext, setUpBudget } from "./set_up_budget.ts";

/** Held-out images that judge, where there are as many: the spread of a drop is small beside a point then. */
export const FLOOR_IMAGES = 5000;

/** Shares of the cost at which networks are read off, to know where a repair is worth its time. */
export const CURVE_SHARES = [0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2, 0.1];

/** A network that keeps a floor. */
export interface FloorOutcome<Cut> {
  /** The network as it was cut and repaired. */
  readonly cut: Cut;
  /** What was tried, and how sure the answer is. */
  readonly report: FloorReport;
}

/** What a search for a floor works with. */
export interface FloorResources<Cut> {
  /** Cuts and repairs a network, and keeps the state of that in a folder, if there is one. */
  readonly cutWith: (chosen: ChosenRatios, folder?: RunFolder) => Promise<Cut>;
  /** Where the run keeps its state, if it does. */
  readonly folder?: RunFolder;
}

/**
 * Finds the smallest network that keeps a floor of accuracy, or a ceiling of the relative error, on held-out training
 * images. Networks for all shares of the cost are read off the statistics; a few of them are cut and repaired as the run
 * repairs its network, and the smallest of these that keeps the floor is the answer.
 *
 * @param context What to work with.
 * @param places The network's convolutions.
 * @param rules Rules for all layers.
 * @param policy The floor.
 * @param resources What cuts and repairs networks, and where the state is kept.
 * @returns The network, repaired, and the evidence.
 * @throws {InputError} When there is no state of this run to go on from, no images are held out, the floor is of the other kind of figures, or nothing smaller keeps it.
 */
export async function findFloorNetwork<Cut extends { readonly graph: LayerGraph }>(
  context: BudgetContext,
  places: readonly ReaderPlace[],
  rules: PlanRules,
  policy: FloorPolicy,
  { cutWith, folder }: FloorResources<Cut>,
): Promise<FloorOutcome<Cut>> {
  const known = await openState(folder);
  const runTable = policy.target === "latency" ? await placeOfLatencies(folder) : undefined;
  const setup = await setUpBudget(context, places, rules, { ...policy, share: 1 }, runTable);
  const judge = await Judge.open(context, FLOOR_IMAGES);
  const limit = limitOf(policy, judge);
  const curve = known ?? await traceCurve(context, setup, judge!, CURVE_SHARES);
  if (folder && !known) await keepCurve(folder, curve);
  const { best, tried } = await searchFloor(curve, limit, async (share) => {
    context.signal?.throwIfAborted();
    const { counts } = await solveBudget(context, setup, { ...policy, share });
    const cut = await cutWith({
      ...ratiosOfCounts(places, setup.units, counts),
      fixed: setup.networks.fixedChannels(counts),
    }, folder && folderOfShare(folder, share));
    return { ...await judge!.judge(cut.graph), network: cut };
  });
  if (best === undefined) throw noSmaller(policy, tried.toSorted((a, b) => a.drop - b.drop)[0]);
  const { network, share, ...judgement } = best;
  const figures = tried.map(({ network: _network, ...figures }) => figures);
  const confidence = confidenceOf(judgement, limit);
  const { target = "macs" } = policy;
  return {
    cut: network,
    report: {
      ...{ target, limit, share, ...judgement, confidence, tried: figures },
      ...setup.predictions,
    },
  };
}

/**
 * The curve of the run that is gone on from; what another run has left is removed.
 *
 * @returns The curve; undefined for a run that begins.
 */
async function openState(folder: RunFolder | undefined): Promise<ReadOff[] | undefined> {
  if (folder === undefined) return undefined;
  if (!folder.resume) {
    await removeStages(folder);
    return undefined;
  }
  const place = placeOfStage(folder, "curve");
  const { progress: { curve } } = await loadState(place);
  if (!isCurve(curve)) throw damagedState(place.folder, "no curve");
  return curve;
}

async function keepCurve(folder: RunFolder, curve: readonly ReadOff[]): Promise<void> {
  const points = curve.map(({ share, drop }) => ({ share, drop }));
  await saveState(placeOfStage(folder, "curve"), { progress: { curve: points }, arrays: [] });
}

function isCurve(value: unknown): value is ReadOff[] {
  return Array.isArray(value) && value.length > 0 &&
    value.every((point) =>
      isJsonObject(point) && Number.isFinite(point.share) && Number.isFinite(point.drop)
    );
}

/** The largest drop. */
function limitOf({ maxDrop, maxError }: FloorPolicy, judge: Judge | undefined): number {
  if (judge === undefined) {
    throw new InputError([
      "looking for the smallest network: found no training images beside those of the statistics, wanted some to judge by; " +
      "add images, or give a budget with ",
      option("share"),
    ]);
  }
  const isClassified = judge.original.accuracy !== undefined;
  const limit = isClassified ? maxDrop : maxError;
  if (limit !== undefined) return limit;
  throw new InputError([
    `looking for the smallest network: found a limit of the ${
      isClassified ? "relative error" : "accuracy"
    }, wanted one of the ${
      isClassified
        ? "accuracy, for images are classified"
        : "relative error, for outputs are compared"
    }; give `,
    option(isClassified ? "maxDrop" : "maxError"),
  ]);
}

function noSmaller(
  { maxDrop }: FloorPolicy,
  closest: { readonly share: number; readonly drop: number } | undefined,
): InputError {
  const found = closest === undefined
    ? "nothing that can be cut"
    : `a drop of ${closest.drop.toFixed(4)} at ${
      closest.share.toFixed(2)
    } of the cost as the least`;
  return new InputError([
    `looking for the smallest network: found ${found}; give a larger `,
    option(maxDrop === undefined ? "maxError" : "maxDrop"),
    ", or a budget with ",
    option("share"),
  ]);
}
