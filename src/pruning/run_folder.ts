import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { disk, fileError } from "../base/mod.ts";
import { identifyRun, type RunIdentity, type Session } from "../session/mod.ts";
import { nameState, type StatePlace } from "../tuning/mod.ts";
import type { Tuner } from "./repair/tuner.ts";
import type { SettledOptions } from "./effort.ts";
import type { PruneNetworkOptions } from "./prune_options.ts";
import type { RatioPolicy } from "./types.ts";

/** Where a run with a search or tuning keeps its state. */
export interface RunFolder {
  /** Folder of the checkpoint. */
  readonly checkpoint: string;
  /** What the run is. */
  readonly identity: RunIdentity;
  /** Go on from the state that is there. */
  readonly resume: boolean;
  /** Whether the run begins with a search, whose own state is there before that of any cut. */
  readonly searches: boolean;
}

/**
 * A part of a run that keeps a state of its own: the repair of layers or of the network, the tuning of a group or of the
 * whole, the curve by which a floor is looked for.
 */
export type Stage = "repair" | "network" | "whole" | "curve" | `group-${number}`;

/** Names of stages, and of folders of trials. */
const STAGES = /^(repair|network|whole|curve|group-\d+|share-[\d.]+)$/;

/**
 * Finds out where a run keeps its state, and what that belongs to.
 *
 * @param session Model and data.
 * @param options The run's, with defaults.
 * @param tuner Tunes the network, if anything does.
 * @returns The folder; undefined for a run that keeps no state.
 */
export async function openRunFolder(
  session: Session,
  options: SettledOptions<PruneNetworkOptions>,
  tuner?: Tuner,
): Promise<RunFolder | undefined> {
  const { checkpoint, resume = false, policy, repair, networkRepair } = options;
  const searches = policy.kind === "auto" || policy.kind === "floor";
  const isLong = searches || tuner !== undefined || repair === "network";
  if (checkpoint === undefined || !isLong) return undefined;
  const { select, shared, channelMultiple, slowSelectors, keepBlocks, skip, batches, batchSize } =
    options;
  const { pointsPerImage, ridge, seed } = options;
  const identity = await identifyRun(session, {
    policy: withoutPaths(policy),
    select,
    shared,
    channelMultiple,
    slowSelectors,
    keepBlocks,
    skip,
    batches,
    batchSize,
    pointsPerImage,
    ridge,
    seed,
    repair,
    networkRepair,
    tuning: tuner?.options,
    groups: tuner?.groups,
  }, tuner?.teacher);
  return { checkpoint, identity, resume, searches };
}

/** Where a file lies is not what a run is: the times of a budget of latency are part of its state. */
function withoutPaths(policy: RatioPolicy): object {
  if (policy.kind === "list") return { ...policy, source: undefined };
  return policy.kind !== "uniform" ? { ...policy, latencyTable: undefined } : policy;
}

/**
 * Finds out where a run keeps the latencies that it decides by. Those of a run that is not gone on from are removed.
 *
 * @param folder Where the run keeps its state, if it does.
 * @returns The file.
 */
export async function placeOfLatencies(folder?: RunFolder): Promise<string | undefined> {
  if (folder === undefined) return undefined;
  const path = join(folder.checkpoint, "latency.json");
  if (!folder.resume) await disk.rm(path, { force: true });
  await disk.mkdir(folder.checkpoint, { recursive: true });
  return path;
}

/** Where a stage of a run keeps its state. */
export function placeOfStage(
  { checkpoint, identity, resume }: RunFolder,
  stage: Stage,
): StatePlace {
  return { folder: join(checkpoint, stage), identity, resume };
}

/**
 * Where a network that a search cuts to a share of the cost keeps the states of its stages.
 *
 * @param folder The run's.
 * @param share The share.
 * @returns The folder of that network.
 */
export function folderOfShare(folder: RunFolder, share: number): RunFolder {
  return { ...folder, checkpoint: join(folder.checkpoint, `share-${share}`) };
}

/**
 * Removes what an earlier run has left of its stages, for a run that begins would be taken for that one when it gets there.
 *
 * @param folder Where the run keeps its state.
 * @param kept A stage that stays, to be replaced.
 * @throws {InputError} When something cannot be removed.
 */
export async function removeStages({ checkpoint }: RunFolder, kept?: Stage): Promise<void> {
  const names = await readdir(checkpoint).catch((): string[] => []);
  for (const name of names) {
    if (name === kept || !STAGES.test(name)) continue;
    await disk.rm(join(checkpoint, name), { recursive: true }).catch((cause) => {
      throw fileError(`removing ${join(checkpoint, name)}, which an earlier run left`, cause);
    });
  }
}

/**
 * Says in the error of a lost thread where the state of the run is.
 *
 * @param error What ended the run.
 * @param folder Where the run keeps its state.
 * @returns The error to throw.
 */
export async function nameRunState(error: unknown, folder?: RunFolder): Promise<unknown> {
  return await nameState(error, folder && placeOfStage(folder, "repair"));
}
