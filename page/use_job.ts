import { useEffect, useRef, useState } from "preact/hooks";
import type { Progress } from "../src/browser.ts";
import { explain } from "./explain.ts";
import { type JobAnswer, type JobInput, type JobName, runJob } from "./run_job.ts";

/** What is to be seen of a place where jobs are done, one at a time. */
export interface JobPlace {
  /** What is being done; undefined when nothing is. */
  readonly progress?: Progress;
  /** Why the last job failed. */
  readonly error?: string;
  /** Whether the last job was canceled. */
  readonly wasCancelled: boolean;
  /** Does a job, in the place of one that is being done. Its answer is undefined when it fails or is ended. */
  run<Name extends JobName>(
    name: Name,
    input: JobInput<Name>,
    stage: string,
  ): Promise<JobAnswer<Name> | undefined>;
  /** Ends the job. */
  cancel(): void;
  /** Ends it without a word, and forgets why the last one failed. */
  reset(): void;
}

type JobState = Pick<JobPlace, "progress" | "error" | "wasCancelled">;

const IDLE: JobState = { wasCancelled: false };

/**
 * A place of the page where jobs are done.
 *
 * @returns The place; its job ends when it leaves the page.
 */
export function useJob(): JobPlace {
  const [state, setState] = useState(IDLE);
  const current = useRef<AbortController | undefined>(undefined);
  useEffect(() => () => current.current?.abort(), []);
  return {
    ...state,
    async run<Name extends JobName>(
      name: Name,
      input: JobInput<Name>,
      stage: string,
    ): Promise<JobAnswer<Name> | undefined> {
      current.current?.abort();
      const own = new AbortController();
      current.current = own;
      const isCurrent = () => current.current === own;
      const onProgress = (progress: Progress) =>
        isCurrent() && setState({ progress, wasCancelled: false });
      onProgress({ stage, done: 0, total: 0 });
      try {
        const answer = await runJob({ name, input }, { onProgress, signal: own.signal });
        if (isCurrent()) setState(IDLE);
        return isCurrent() ? answer : undefined;
      } catch (error) {
        if (!isCurrent()) return undefined;
        setState(
          own.signal.aborted
            ? { wasCancelled: true }
            : { error: explain(error), wasCancelled: false },
        );
      }
    },
    cancel: () => current.current?.abort(),
    reset() {
      current.current?.abort();
      current.current = undefined;
      setState(IDLE);
    },
  };
}
