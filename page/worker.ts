/**
 * The script of the page's workers: each does one job and ends. It is that of their threads too.
 *
 * @module
 */
import { AdvisingError, shareWork } from "../src/browser.ts";
import { type JobListeners, jobs } from "./jobs.ts";
import { OPTION_LABELS } from "./option_labels.ts";
import type { JobMessage, JobRequest } from "./run_job.ts";

const send = (message: JobMessage) => self.postMessage(message);

async function answer({ data }: MessageEvent<JobRequest>): Promise<void> {
  try {
    const job = jobs[data.name] as (input: unknown, listeners: JobListeners) => Promise<unknown>;
    const found = await job(data.input, {
      onProgress: (progress) => send({ progress }),
      onPlan: (plan) => send({ plan }),
    });
    send({ answer: found });
  } catch (error) {
    const { name, message } = error as Error;
    const isAdvice = error instanceof AdvisingError;
    send({ error: { name, message: isAdvice ? error.describe(OPTION_LABELS) : message } });
  }
}

if (!shareWork(new URL(self.location.href))) self.onmessage = answer;
