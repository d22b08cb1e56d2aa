import type { Figures } from "../execution/mod.ts";
import type { TuningOptions } from "./options.ts";
import { loadState, saveState } from "./state_folder.ts";
import type { Checkpoint, TuningHooks } from "./tune_network.ts";

/** What a checkpoint belongs to; a run with anything else does not go on from it. */
export interface RunIdentity extends TuningOptions {
  /** The network that the run started from. */
  readonly network: string;
  /** The network that is imitated. */
  readonly teacher?: string;
  /** Images of the train split. */
  readonly images: number;
  /** Threads. */
  readonly workers: number;
  /** Why outputs are compared, where they are. */
  readonly unlabeled?: string;
}

/**
 * Writes a checkpoint, beside the older one first and then in its place.
 *
 * @param folder Folder of the checkpoint.
 * @param identity What it belongs to.
 * @param checkpoint What is written.
 * @throws {InputError} When the folder cannot be written.
 */
export async function saveCheckpoint(
  folder: string,
  identity: RunIdentity,
  checkpoint: Checkpoint,
): Promise<void> {
  const { weights, optimizer, best, ...progress } = checkpoint;
  await saveState(folder, { ...identity }, {
    progress: { ...progress, bestFigures: best?.figures },
    arrays: [weights, optimizer, ...(best ? [best.weights] : [])],
  });
}

/**
 * Reads a checkpoint.
 *
 * @param folder Folder of the checkpoint.
 * @param identity What it must belong to.
 * @returns The checkpoint.
 * @throws {InputError} When there is none, it is damaged, or it belongs to a run with other options, which are named.
 */
export async function loadCheckpoint(folder: string, identity: RunIdentity): Promise<Checkpoint> {
  const { progress, arrays } = await loadState(folder, { ...identity });
  const { bestFigures, ...rest } = progress as unknown as
    & Pick<Checkpoint, "step" | "history" | "running">
    & { bestFigures?: Figures };
  const [weights, optimizer, best] = arrays;
  return {
    ...rest,
    weights,
    optimizer,
    ...(best ? { best: { figures: bestFigures!, weights: best } } : {}),
  };
}

/**
 * Lets a run keep its state in a folder.
 *
 * @param folder The folder; without one nothing is kept.
 * @param identity What the state belongs to.
 * @param resume Go on from the state that is there.
 * @returns What the run is given for it.
 * @throws {InputError} When there is no state to go on from, or not the run's own.
 */
export async function checkpointHooks(
  folder: string | undefined,
  identity: RunIdentity,
  resume: boolean,
): Promise<Pick<TuningHooks, "resumeFrom" | "onCheckpoint">> {
  if (folder === undefined) return {};
  return {
    resumeFrom: resume ? await loadCheckpoint(folder, identity) : undefined,
    onCheckpoint: (state) => saveCheckpoint(folder, identity, state),
  };
}
