import type { Answerer } from "../../base/mod.ts";
import { buffersOf, largeArrays, loadKernels, startBackend } from "../../kernels/mod.ts";
import { createReplicaAnswerer, type PoolThread } from "../../session/mod.ts";
import {
  type ObsOptions,
  type ObsRanking,
  type Problem,
  rankByElimination,
} from "../selection/mod.ts";

/** What a thread is asked. */
interface RankingRequest {
  readonly problems: readonly Problem[];
  readonly options: ObsOptions;
}

/**
 * `rankByElimination` on a thread of a pool: its heap has room from what it did before.
 *
 * @param thread The thread, whose replica has nothing to do meanwhile.
 * @param problems The consumers of one space; their moments and weights are moved to the thread.
 * @param options Settings.
 * @returns The ranking.
 * @throws {WorkerError} When the thread ends before it answers.
 */
export async function rankOnThread(
  thread: PoolThread,
  problems: readonly Problem[],
  options: ObsOptions,
): Promise<ObsRanking> {
  const arrays = problems.flatMap(({ moments, weights }) => [...largeArrays(moments), weights]);
  const request: RankingRequest = { problems, options };
  return await thread.ask(request, buffersOf(arrays)) as ObsRanking;
}

/**
 * What a thread of a pool does with a request: it ranks channels, and its replica answers all else.
 *
 * @returns What answers.
 */
export function createPoolAnswerer(): Answerer {
  const answerReplica = createReplicaAnswerer();
  return async (request) =>
    isRanking(request) ? await answerRanking(request) : await answerReplica(request);
}

function isRanking(request: unknown): request is RankingRequest {
  return "problems" in Object(request);
}

async function answerRanking({ problems, options }: RankingRequest): Promise<ObsRanking> {
  await startBackend();
  return rankByElimination(await loadKernels(), problems, options);
}
