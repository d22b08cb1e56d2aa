import { checkAugmentation } from "../../data/mod.ts";
import { type Message, option } from "../../base/mod.ts";
import type { LayerGraph } from "../../graph/mod.ts";
import type { ModelFile } from "../../model/mod.ts";
import type { Session } from "../../session/mod.ts";
import {
  hasState,
  openTeacher,
  prepareTuning,
  requireTrainingImages,
  settleTuning,
  type TuningOptions,
  type TuningPlan,
  type TuningResult,
} from "../../tuning/mod.ts";
import { EFFORTS } from "../effort.ts";
import type { GroupTuning, PruneNetworkOptions, PruneTuning } from "../prune_options.ts";

/** Tunes a network at any stage of its pruning. */
export interface Tuner {
  /** Settings of the tuning at the end. */
  readonly options: TuningOptions;
  /** Tuning between groups, if there is any. */
  readonly groups?: GroupTuning;
  /** The network that is imitated. */
  readonly teacher?: ModelFile;
  /**
   * Tunes a network, and goes on from the stage's own state where the run is resumed and there is one.
   *
   * @param graph The network.
   * @param stage How it is tuned, what stays zero, and where the state of the stage is kept.
   * @returns The tuned network.
   * @throws The reason of the run's signal when it is raised; the state is kept then.
   */
  run(
    graph: LayerGraph,
    stage: Pick<TuningPlan, "options" | "zeros" | "place">,
  ): Promise<TuningResult>;
}

/**
 * Tunes a network at a stage of its pruning, and goes on from the stage's own state where the run is resumed and there is
 * one.
 *
 * @param session Model and data.
 * @param graph The network.
 * @param plan How it is tuned, and where the state of the stage is kept.
 * @returns The tuned network.
 * @throws The reason of the plan's signal when it is raised; the state is kept then.
 */
export async function tuneStage(
  session: Session,
  graph: LayerGraph,
  { place, ...plan }: TuningPlan,
): Promise<TuningResult> {
  const own = place && { ...place, resume: place.resume && await hasState(place.folder) };
  const { tune } = await prepareTuning(session, { ...plan, place: own });
  const tuned = await tune(graph);
  if (tuned.interrupted) plan.signal!.throwIfAborted();
  return tuned;
}

/** What to do where there are no classes to learn. */
const ADVICE: Message = [
  "imitate the unpruned model's outputs with ",
  option("originalTeacher"),
  ", or another's with ",
  option("teacher"),
];

/** The tuning that an effort brings with it, where there are labels. */
function tuningOfEffort(
  { unlabeled }: Session,
  { effort }: Pick<PruneNetworkOptions, "effort">,
): PruneTuning | undefined {
  if (effort === undefined || !EFFORTS[effort].tunes || unlabeled !== undefined) return undefined;
  return { teacher: "original" };
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
  const { seed, signal, onProgress } = run;
  const tuning = run.tuning ?? tuningOfEffort(session, run);
  if (tuning === undefined) return undefined;
  const { file, inputs, unlabeled } = session;
  const { length } = session.pool.local.dataset.train;
  const options = settleTuning({ ...tuning, seed }, length);
  checkAugmentation(inputs, options);
  const named = tuning.teacher === "original" ? file : tuning.teacher;
  const teacher = await openTeacher(named, file, { unlabeled, advice: ADVICE });
  requireTrainingImages(length, options);
  const hooks = { teacher, signal, onProgress, onEpoch: tuning.onEpoch };
  return {
    options,
    teacher,
    groups: tuning.groups,
    run: (graph, stage) => tuneStage(session, graph, { ...hooks, ...stage }),
  };
}
