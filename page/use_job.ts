import { useEffect, useRef, useState } from "preact/hooks";
import type { Progress } from "../src/browser.ts";
import { explain } from "./explain.ts";
import { type JobAnswer, type JobInput, type JobName, runJob } from "./run_job.ts";

/** What is to be seen of a place where jobs are done, one at a time. */
export interface JobPlace {
  /** What is being done; undefined when nothing is. */
  readonly progress?: Progress;
  /** What it is going to do, and about how long that takes, once that is known. */
  readonly plan?: string;
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

type JobState = Pick<JobPlace, "progress" | "plan" | "error" | "wasCancelled">;

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
      const tell = (news: Pick<JobState, "progress" | "plan">) =>
        isCurrent() && setState((last) => ({ ...last, ...news }));
      const onProgress = (progress: Progress) => tell({ progress });
      const onPlan = (plan: string) => tell({ plan });
      setState({ progress: { stage, done: 0, total: 0 }, wasCancelled: false });
      try {
        const watch = { onProgress, onPlan, signal: own.signal };
        const answer = await runJob({ name, input }, watch);
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
