import { join } from "node:path";
import { checkAugmentation } from "../../data/mod.ts";
import { InputError, option } from "../../base/mod.ts";
import type { LayerGraph } from "../../graph/mod.ts";
import type { ModelFile } from "../../model/mod.ts";
import { resolveReference, type Session } from "../../session/mod.ts";
import {
  checkpointHooks,
  hasState,
  pickTuningOptions,
  requireTrainingImages,
  tuneNetwork,
  type TuningHooks,
  type TuningOptions,
  type TuningResult,
} from "../../tuning/mod.ts";
import type { GroupTuning, PruneNetworkOptions, PruneTuning } from "../types.ts";

/** Tunes a network at any stage of its pruning. */
export interface Tuner {
  /** Settings of the tuning at the end. */
  readonly options: TuningOptions;
  /** Tuning between groups, if there is any. */
  readonly groups?: GroupTuning;
  /**
   * Tunes a network, and goes on from the stage's own checkpoint where the run is resumed.
   *
   * @param stage Name of the stage.
   * @param graph The network.
   * @param options How it is tuned.
   * @param zeros What stays zero.
   * @returns The tuned network.
   * @throws The reason of the run's signal when it is raised; the state is kept then.
   */
  run(
    stage: string,
    graph: LayerGraph,
    options: TuningOptions,
    zeros?: TuningHooks["zeros"],
  ): Promise<TuningResult>;
}

/**
 * Prepares the tuning of a pruning run.
 *
 * @param session Model and data.
 * @param run The run's options.
 * @returns The tuner; undefined when the run has no tuning.
 * @throws {InputError} When the teacher cannot be read, or there is none where there are no classes.
 */
export async function createTuner(
  session: Session,
  run: PruneNetworkOptions & { readonly seed: number },
): Promise<Tuner | undefined> {
  const { tuning, seed, checkpoint, resume = false, signal, onProgress } = run;
  if (tuning === undefined) return undefined;
  const { pool, file, inputs, unlabeled } = session;
  const options = pickTuningOptions({ ...tuning, seed });
  checkAugmentation(inputs, options);
  requireTrainingImages(pool.local.dataset.train.length, options);
  const teacher = await openTeacher(tuning.teacher, file);
  if (unlabeled !== undefined && teacher === undefined) {
    throw new InputError([
      `tuning ${file.path}: ${unlabeled}; imitate the unpruned model's outputs with `,
      option("originalTeacher"),
      ", or another's with ",
      option("teacher"),
    ]);
  }
  return {
    options,
    groups: tuning.groups,
    run: async (stage, graph, options, zeros) => {
      const folder = checkpoint && join(checkpoint, stage);
      const identity = {
        network: file.path,
        teacher: teacher?.path,
        images: pool.local.dataset.train.length,
        workers: pool.size,
        unlabeled,
        ...options,
      };
      const canResume = resume && folder !== undefined && await hasState(folder);
      const tuned = await tuneNetwork(session, graph, options, {
        ...await checkpointHooks(folder, identity, canResume),
        teacher,
        zeros,
        signal,
        onProgress,
        onEpoch: tuning.onEpoch,
      });
      if (tuned.interrupted) signal!.throwIfAborted();
      return tuned;
    },
  };
}

async function openTeacher(
  teacher: PruneTuning["teacher"],
  original: ModelFile,
): Promise<ModelFile | undefined> {
  if (teacher === undefined) return undefined;
  return teacher === "original" ? original : await resolveReference(teacher, original);
}
