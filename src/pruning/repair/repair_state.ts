import { isJsonObject, valuesOf } from "../../model/mod.ts";
import { type LayerGraph, withWeights } from "../../graph/mod.ts";
import {
  damagedState,
  type EpochReport,
  loadState,
  saveState,
  type StatePlace,
} from "../../tuning/mod.ts";
import type { Repair } from "./repair.ts";
import type { LayerReport } from "../prune_report.ts";

/** How far a run is. */
export interface RepairProgress {
  /** The network as repaired, and tuned, so far. */
  readonly repair: Repair;
  /** Groups that are repaired. */
  readonly repaired: number;
  /** Epochs of the groups that are tuned. */
  readonly groups: readonly (readonly EpochReport[])[];
}

/** What JSON holds of it. */
interface RepairRecord {
  readonly repaired: number;
  readonly groups: EpochReport[][];
  readonly weights: { key: string; role: string; shape: number[] }[];
  readonly removed: number[];
  readonly selections: [string, number[]][];
  readonly reports: [string, LayerReport][];
}

/**
 * Keeps a run's progress.
 *
 * @param place Where.
 * @param state How far it is.
 * @throws {InputError} When the folder cannot be written.
 */
export async function saveRepair(
  place: StatePlace,
  { repair, repaired, groups }: RepairProgress,
): Promise<void> {
  const entries = repair.masked.nodes.flatMap(({ key, weights }) =>
    [...weights].map(([role, { shape, values }]) => ({ key, role, shape, values }))
  );
  const progress = {
    repaired,
    groups,
    weights: entries.map(({ key, role, shape }) => ({ key, role, shape })),
    removed: [...repair.removed],
    selections: [...repair.selections].map(([key, kept]) => [key, [...kept]]),
    reports: [...repair.reports],
  };
  const arrays = entries.map(({ values }) => values as Float32Array);
  await saveState(place, { progress, arrays });
}

/**
 * Reads a run's progress.
 *
 * @param place Where.
 * @param graph The original network, without the blocks that leave it.
 * @returns How far it was.
 * @throws {InputError} When there is none, it is damaged, or it belongs to another run, with the difference.
 */
export async function loadRepair(place: StatePlace, graph: LayerGraph): Promise<RepairProgress> {
  const { progress, arrays } = await loadState(place);
  if (!isRepairRecord(progress, arrays)) {
    throw damagedState(place.folder, "no progress of a repair");
  }
  const record = progress as unknown as RepairRecord;
  let masked = graph;
  for (const { key, name, weights } of graph.nodes) {
    const restored = new Map(weights);
    record.weights.forEach(({ key: owner, role, shape }, index) => {
      if (owner !== key) return;
      const weight = weights.get(role) ?? { name: `${name}/${role}`, dtype: "float32" };
      restored.set(role, { ...weight, shape, values: arrays[index] });
    });
    masked = withWeights(masked, key, restored);
  }
  const repair: Repair = {
    masked,
    removed: Uint8Array.from(record.removed),
    selections: new Map(record.selections.map(([key, kept]) => [key, Int32Array.from(kept)])),
    reports: new Map(record.reports),
  };
  return { repair, repaired: record.repaired, groups: record.groups };
}

function isRepairRecord(
  { repaired, groups, weights, removed, selections, reports }: Readonly<Record<string, unknown>>,
  arrays: readonly Float32Array[],
): boolean {
  return Number.isSafeInteger(repaired) && Array.isArray(groups) && groups.every(Array.isArray) &&
    Array.isArray(weights) && weights.length === arrays.length &&
    weights.every((weight, index) => isWeightOf(weight, arrays[index])) &&
    isIndexList(removed) && isPairs(selections, isIndexList) && isPairs(reports, isJsonObject);
}

function isWeightOf(weight: unknown, { length }: Float32Array): boolean {
  return isJsonObject(weight) && isIndexList(weight.shape) && valuesOf(weight.shape) === length;
}

function isIndexList(value: unknown): value is number[] {
  return Array.isArray(value) && value.every(Number.isSafeInteger);
}

function isPairs(value: unknown, isSecond: (second: unknown) => boolean): boolean {
  return Array.isArray(value) && value.every((pair) => Array.isArray(pair) && isSecond(pair[1]));
}
