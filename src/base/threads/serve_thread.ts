import { isMainThread, parentPort, workerData } from "node:worker_threads";
import { recordError } from "./error_record.ts";
import type { ThreadAnswer, ThreadData, ThreadRequest, ThreadRole } from "./thread.ts";

/** Answers what a thread of some role is asked, and may report of its work before. */
export type Answerer = (request: unknown, report: (progress: unknown) => void) => Promise<unknown>;

/** Whether this is a thread that `Thread` has started, and not the main one or one of somebody else's. */
export function isThread(): boolean {
  return !isMainThread && "secateurRole" in Object(workerData);
}

/**
 * Makes this thread answer the one that started it.
 *
 * @param roles What answers in each role that threads of this script can have; called at the first request, so that a
 * thread loads what its role needs alone.
 */
export function serveThread(
  roles: Readonly<Partial<Record<ThreadRole, () => Promise<Answerer>>>>,
): void {
  const { secateurRole: role } = workerData as ThreadData;
  let answerer: Promise<Answerer> | undefined;
  parentPort!.on("message", async (message: ThreadRequest) => {
    const [[id, request]] = message;
    let answer: ThreadAnswer;
    try {
      answerer ??= roles[role]!();
      const report = (progress: unknown) =>
        parentPort!.postMessage({ id, progress } satisfies ThreadAnswer);
      answer = { id, value: await (await answerer)(request, report) };
    } catch (error) {
      answer = { id, error: recordError(error) };
    }
    parentPort!.postMessage(answer, "value" in answer ? buffersOf(answer.value) : []);
  });
}

/**
 * The arrays of an answer, and of records in it, which are made for it: they change threads rather than being copied. Memory
 * that threads share stays where it is.
 */
function buffersOf(value: unknown): ArrayBuffer[] {
  const buffers = Object.values(value ?? {}).flatMap((member): ArrayBufferLike[] => {
    if (ArrayBuffer.isView(member)) return [member.buffer];
    return isRecord(member) ? buffersOf(member) : [];
  });
  return [...new Set(buffers)].filter((buffer) => buffer instanceof ArrayBuffer);
}

function isRecord(value: unknown): boolean {
  return value !== null && typeof value === "object" &&
    Object.getPrototypeOf(value) === Object.prototype;
}
