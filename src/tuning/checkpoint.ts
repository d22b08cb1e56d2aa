import { isJsonObject } from "../model/mod.ts";
import { damagedState, loadState, saveState, type StatePlace } from "./state_folder.ts";
import type { Checkpoint, TuningHooks } from "./tune_network.ts";

/**
 * Lets a tuning keep its state.
 *
 * @param place Where.
 * @returns What the tuning is given for it.
 * @throws {InputError} When there is no state to go on from, or not the run's own.
 */
export async function checkpointHooks(
  place: StatePlace,
): Promise<Pick<TuningHooks, "resumeFrom" | "onCheckpoint">> {
  return {
    resumeFrom: place.resume ? await loadCheckpoint(place) : undefined,
    onCheckpoint: (checkpoint) => saveCheckpoint(place, checkpoint),
  };
}

async function saveCheckpoint(place: StatePlace, checkpoint: Checkpoint): Promise<void> {
  const { weights, optimizer, best, ...progress } = checkpoint;
  await saveState(place, {
    progress: { ...progress, best: best && { figures: best.figures, epoch: best.epoch } },
    arrays: [weights, optimizer, ...(best ? [best.weights] : [])],
  });
}

async function loadCheckpoint(
  place: StatePlace,
): Promise<NonNullable<TuningHooks["resumeFrom"]>> {
  const { progress, arrays } = await loadState(place);
  const { best, ...rest } = progress as unknown as
    & Pick<Checkpoint, "step" | "history" | "running" | "start">
    & { best?: Omit<NonNullable<Checkpoint["best"]>, "weights"> };
  const [weights, optimizer, bestWeights] = arrays;
  const { step, history, running } = progress;
  const isWhole = Number.isSafeInteger(step) && Array.isArray(history) &&
    history.every(isJsonObject) && isJsonObject(running) &&
    [running.loss, running.images].every(Number.isFinite) && optimizer !== undefined &&
    (bestWeights === undefined ||
      isJsonObject(best) && isJsonObject(best.figures) && Number.isSafeInteger(best.epoch));
  if (!isWhole) throw damagedState(place.folder, "no progress of a training");
  return {
    ...rest,
    folder: place.folder,
    weights,
    optimizer,
    ...(best ? { best: { ...best, weights: bestWeights } } : {}),
  };
}
