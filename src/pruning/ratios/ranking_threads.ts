import { Thread } from "../../base/mod.ts";
import { largeArrays, loadKernels, startBackend } from "../../kernels/mod.ts";
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

/** A thread that ranks channels while this one does something else; it has kernels and nothing of the model. */
export class RankingThread {
  readonly #thread: Thread;

  /** @param place Which of the threads it is, for messages. */
  constructor(place: string) {
    this.#thread = new Thread("ranking", place);
  }

  /**
   * `rankByElimination`, on that thread.
   *
   * @param problems The consumers of one space; their moments and weights are moved to the thread.
   * @param options Settings.
   * @returns The ranking.
   * @throws {WorkerError} When the thread ends before it answers.
   */
  async rank(problems: readonly Problem[], options: ObsOptions): Promise<ObsRanking> {
    const arrays = problems.flatMap(({ moments, weights }) => [...largeArrays(moments), weights]);
    const buffers = new Set(arrays.map(({ buffer }) => buffer as ArrayBuffer));
    const moved = [...buffers].filter(({ byteLength }) => byteLength > 0);
    const request: RankingRequest = { problems, options };
    return await this.#thread.ask(request, undefined, moved) as ObsRanking;
  }

  /** Ends it, and gives back its memory; what was asked stays without an answer. */
  terminate(): void {
    this.#thread.terminate();
  }
}

/**
 * What that thread does with a request.
 *
 * @param message The layers.
 * @returns The ranking.
 */
export async function answerRanking(message: unknown): Promise<ObsRanking> {
  const { problems, options } = message as RankingRequest;
  await startBackend();
  return rankByElimination(await loadKernels(), problems, options);
}
