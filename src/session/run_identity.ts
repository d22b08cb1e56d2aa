import project from "../../deno.json" with { type: "json" };
import { fingerprintModel, type ModelFile } from "../model/mod.ts";
import type { Content } from "./content.ts";
import type { Session } from "./session.ts";

/** What a run is, by all that its numbers follow from; the state of one that differs in any of it is not gone on from. */
export interface RunIdentity extends Content {
  /** Version of Secateur. */
  readonly version: string;
  /** Fingerprint of the network that is imitated. */
  readonly teacher?: string;
  /** Images of the train split. */
  readonly images: number;
  /** Threads: sums over images are added up in f64 thread by thread, their last bits depend on it. */
  readonly workers: number;
  /** Whether outputs are compared. */
  readonly unlabeled?: true;
  /** Options of the run. */
  readonly [option: string]: unknown;
}

/**
 * Finds out what a run is. That takes time, and only a run that keeps a state has a use for it.
 *
 * @param session Model and data.
 * @param options The options that its numbers follow from.
 * @param teacher The network that is imitated.
 * @returns Its identity.
 */
export async function identifyRun(
  session: Session,
  options: object,
  teacher?: ModelFile,
): Promise<RunIdentity> {
  const { file, pool, unlabeled } = session;
  const content = await session.content();
  const isOriginal = teacher === file;
  return {
    version: project.version,
    ...content,
    teacher: teacher && (isOriginal ? content.model : await fingerprintModel(teacher)),
    images: pool.local.dataset.train.length,
    workers: pool.size,
    unlabeled: unlabeled === undefined ? undefined : true,
    ...options,
  };
}
