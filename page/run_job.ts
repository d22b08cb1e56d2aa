import type { Progress } from "../src/browser.ts";
import { embedded } from "./embedded.ts";
import type { JobListeners, jobs } from "./jobs.ts";

type Jobs = typeof jobs;

/** What a worker can be asked for. */
export type JobName = keyof Jobs;

/** What a job needs. */
export type JobInput<Name extends JobName> = Parameters<Jobs[Name]>[0];

/** What it gives. */
export type JobAnswer<Name extends JobName> = Awaited<ReturnType<Jobs[Name]>>;

/** What a worker is sent. */
export interface JobRequest<Name extends JobName = JobName> {
  readonly name: Name;
  readonly input: JobInput<Name>;
}

/** What it sends back: progress and plans, and at the end one of the others. */
export type JobMessage =
  | { readonly progress: Progress }
  | { readonly plan: string }
  | { readonly answer: unknown }
  | { readonly error: { readonly name: string; readonly message: string } };

/** Who watches a job. */
export interface JobWatch extends JobListeners {
  /** Ends the job when it is aborted. */
  readonly signal: AbortSignal;
}

let script: Promise<string> | undefined;

/** Where workers find their script, which is part of the page. */
function scriptUrl(): Promise<string> {
  script ??= embedded("worker").then((bytes) =>
    URL.createObjectURL(new Blob([bytes], { type: "text/javascript" }))
  );
  return script;
}

/**
 * Does a job in a worker of its own.
 *
 * @param request The job.
 * @param watch Who watches.
 * @returns Its answer.
 * @throws {Error} What the job threw, by its name; or that the worker ended.
 * @throws The signal's reason.
 */
export async function runJob<Name extends JobName>(
  request: JobRequest<Name>,
  { onProgress, onPlan, signal }: JobWatch,
): Promise<JobAnswer<Name>> {
  const worker = new Worker(await scriptUrl());
  try {
    return await new Promise<JobAnswer<Name>>((resolve, reject) => {
      signal.throwIfAborted();
      signal.addEventListener("abort", () => reject(signal.reason), { once: true });
      worker.onmessage = ({ data }: MessageEvent<JobMessage>) => {
        if ("progress" in data) onProgress(data.progress);
        else if ("plan" in data) onPlan(data.plan);
        else if ("answer" in data) resolve(data.answer as JobAnswer<Name>);
        else reject(Object.assign(new Error(data.error.message), { name: data.error.name }));
      };
      worker.onerror = (event) => {
        event.preventDefault();
        reject(new Error(event.message || "the worker ended"));
      };
      worker.onmessageerror = () => reject(new Error("the worker's answer cannot be read"));
      worker.postMessage(request);
    });
  } finally {
    worker.terminate();
  }
}
