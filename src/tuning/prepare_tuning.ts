import { InputError, type Message } from "../base/mod.ts";
import { checkAugmentation } from "../data/mod.ts";
import type { LayerGraph } from "../graph/mod.ts";
import type { ModelFile } from "../model/mod.ts";
import { resolveReference, type Session } from "../session/mod.ts";
import { checkpointHooks } from "./checkpoint.ts";
import type { TuningOptions } from "./options.ts";
import type { StatePlace } from "./state_folder.ts";
import {
  requireTrainingImages,
  tuneNetwork,
  type TuningHooks,
  type TuningResult,
} from "./tune_network.ts";

/** How a network is tuned, by which teacher, and where the state of that is kept. */
export interface TuningPlan extends Omit<TuningHooks, "resumeFrom" | "onCheckpoint"> {
  /** How it is tuned. */
  readonly options: TuningOptions;
  /** Where the state is kept. Default: nowhere. */
  readonly place?: StatePlace;
}

/** Why a tuning wants a teacher. */
export interface TeacherNeed {
  /** Why there are no classes to learn, where there are none. */
  readonly unlabeled: string | undefined;
  /** What to do then. */
  readonly advice: Message;
}

/**
 * Opens the network that a tuning imitates.
 *
 * @param teacher The network, or where it is.
 * @param file The network that is tuned, which may be its own teacher.
 * @param need Why there has to be one.
 * @returns The teacher; undefined without one.
 * @throws {InputError} When it cannot be read or reads other images, or there is none and there are no classes.
 */
export async function openTeacher(
  teacher: string | ModelFile | undefined,
  file: ModelFile,
  { unlabeled, advice }: TeacherNeed,
): Promise<ModelFile | undefined> {
  if (teacher === file) return file;
  if (teacher !== undefined) return await resolveReference(teacher, file);
  if (unlabeled === undefined) return undefined;
  throw new InputError([`tuning ${file.path}: ${unlabeled}; `, ...advice]);
}

/** A tuning that is ready. */
export interface PreparedTuning {
  /** Epochs that are behind a run that is resumed. */
  readonly epochsDone: number;
  /** Tunes a network, as {@link tuneNetwork} says. */
  readonly tune: (graph: LayerGraph) => Promise<TuningResult>;
}

/**
 * Makes a tuning ready: what can be refused is, and the state to go on from is read.
 *
 * @param session Model and data; without classes the plan has a teacher.
 * @param plan How the network is tuned.
 * @returns What tunes a network.
 * @throws {InputError} When the images cannot be changed as the options say or are too few, or there is no state of this
 * run to go on from.
 */
export async function prepareTuning(
  session: Session,
  { options, place, ...hooks }: TuningPlan,
): Promise<PreparedTuning> {
  checkAugmentation(session.inputs, options);
  if (hooks.images === undefined) {
    requireTrainingImages(session.pool.local.dataset.train.length, options);
  }
  const keeping = place && await checkpointHooks(place);
  return {
    epochsDone: keeping?.resumeFrom?.history.length ?? 0,
    tune: (graph) => tuneNetwork(session, graph, options, { ...hooks, ...keeping }),
  };
}
