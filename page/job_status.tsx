import type { JobPlace } from "./use_job.ts";

/** How far a job is, with a way to end it; or why it failed. */
export function JobStatus({ job }: { job: JobPlace }) {
  const { progress, plan, error, wasCancelled } = job;
  const isMeasured = progress && progress.total > 0;
  return (
    <div class="job">
      <p class="stage" role="status">
        {progress?.stage ?? (wasCancelled ? "Cancelled. What was loaded is still here." : "")}
      </p>
      <p class="plan" role="status">{progress ? plan : ""}</p>
      {progress && (
        <div class="progress">
          <progress
            aria-label={progress.stage}
            {...(isMeasured && { value: progress.done, max: progress.total })}
          />
          <span class="detail">
            {isMeasured && `${progress.done} of ${progress.total}`}
            {progress.detail && `, ${progress.detail}`}
          </span>
          <button type="button" onClick={job.cancel}>Cancel</button>
        </div>
      )}
      {error && <p class="error" role="alert">{error}</p>}
    </div>
  );
}
