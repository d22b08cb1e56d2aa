import process from "node:process";
import { Command } from "@commander-js/extra-typings";
import project from "../../deno.json" with { type: "json" };
import { runWorker } from "../../src/mod.ts";
import { messageOf } from "../failures.ts";
import { jsonOption } from "../options/data_options.ts";
import { say, sayAnyway } from "../output/messages.ts";
import { positiveInteger } from "../options/parsers.ts";
import { workerQueueOption } from "../options/queue_options.ts";
import type { Outputs } from "../output/outputs.ts";

const SIGNALS = ["SIGINT", "SIGTERM"] as const;

/** What a shell gives for a process that an interrupt ended. */
const INTERRUPTED = 130;

/** Digits of a job's name that tell it apart in a line. */
const SHOWN_DIGITS = 8;

/** `worker --queue URL`. */
export const workerCommand = new Command("worker")
  .addOption(workerQueueOption)
  .option(
    "--blobs <place>",
    "where models and statistics are, when that is elsewhere than jobs say (default: where jobs say)",
  )
  .option(
    "--data <folder>",
    "folder in which data sets are sought by name, and nowhere else (default: where jobs say)",
  )
  .option("--workers <n>", "threads that share the images of a job", positiveInteger, 1)
  .addOption(jsonOption)
  .addHelpText(
    "after",
    `
Does jobs of \`prune\`, \`calibrate\` and \`sweep\` with --queue, one at a time, until SIGTERM or Ctrl-C; the job in
hand is finished first, unless there is a second signal. Start as many as there are cores. It needs
network and environment, which \`deno task remote\` grants. A worker of a queue on another machine needs
SECATEUR_QUEUE_SECRET, as the command that posts the jobs, or both --data and --blobs.

Example:
  deno task remote worker --queue redis://127.0.0.1:6379
`,
  )
  .action(async ({ queue, blobs, data: dataFolder, workers, json }) => {
    const report = await untilSignalled((signal) =>
      runWorker({
        queue,
        blobs,
        dataFolder,
        workers,
        signal,
        onReady: () => say("waiting for jobs"),
        onBegin: ({ kind, id }) => say(`${kind} ${id.slice(0, SHOWN_DIGITS)}`),
        onEnd: ({ kind, id }, failure) => {
          if (!failure) return;
          sayAnyway(`${kind} ${id.slice(0, SHOWN_DIGITS)} failed: ${messageOf(failure)}`);
        },
        onNotice: (notice) => say(`note: ${notice}`),
      })
    );
    const { done, failed } = report;
    console.log(
      json
        ? JSON.stringify({ version: project.version, ...report } satisfies Outputs["worker"])
        : `done        ${done}\nfailed      ${failed}`,
    );
  });

/** The first signal ends the work in good order, the second one at once. */
async function untilSignalled<Result>(
  run: (signal: AbortSignal) => Promise<Result>,
): Promise<Result> {
  const controller = new AbortController();
  const end = () => {
    if (controller.signal.aborted) process.exit(INTERRUPTED);
    sayAnyway("ending after the job in hand; again to end at once");
    controller.abort();
  };
  for (const name of SIGNALS) process.on(name, end);
  try {
    return await run(controller.signal);
  } finally {
    for (const name of SIGNALS) process.off(name, end);
  }
}
