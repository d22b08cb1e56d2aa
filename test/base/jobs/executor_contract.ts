import assert from "node:assert/strict";
import { InputError } from "../../../src/base/errors.ts";
import type { Executor, Job, JobHandlers, JobOutcome } from "../../../src/base/jobs/job.ts";
import type { DefineTest } from "../../support/programs.ts";

/** What the handlers of the contract work with: a ledger of what was done. */
export interface Ledger {
  /** Keys of the jobs that were begun, as often as they were. */
  readonly begun: string[];
}

/** The kinds of jobs that the contract asks for. */
export const contractHandlers: JobHandlers<Ledger> = {
  square: ({ begun }, { number }: { number: number }) => {
    begun.push(`square ${number}`);
    return Promise.resolve({ square: number ** 2, text: "é, \n" });
  },
  /** Ends the sooner the later it comes. */
  slow: async ({ begun }, { milliseconds }: { milliseconds: number }, { onProgress }) => {
    begun.push(`slow ${milliseconds}`);
    onProgress(0.5);
    await new Promise((resolve) => setTimeout(resolve, milliseconds));
    return milliseconds;
  },
  fail: ({ begun }, { number }: { number: number }) => {
    begun.push(`fail ${number}`);
    return Promise.reject(new Error(`the number ${number} is poison`));
  },
  refuse: ({ begun }, { number }: { number: number }) => {
    begun.push(`refuse ${number}`);
    return Promise.reject(new InputError(`reading ${number}: found it, wanted another`));
  },
  large: (_, { length }: { length: number }) => Promise.resolve("x".repeat(length)),
};

/** An executor of {@link contractHandlers} with its ledger. */
export interface OpenedExecutor {
  readonly executor: Executor;
  readonly ledger: Ledger;
  /** Closes it, and what stands behind it. */
  close(): Promise<void>;
}

function jobsOf(kind: string, inputs: readonly Record<string, number>[]): Job[] {
  return inputs.map((input) => ({ kind, key: JSON.stringify(input), input }));
}

function doneWith<Output>(output: Output): JobOutcome<Output> {
  return { status: "done", output };
}

/**
 * What every executor holds.
 *
 * @param name Its name.
 * @param open Opens one for a test.
 * @param define Defines a test.
 */
export function executorContract(
  name: string,
  open: () => Promise<OpenedExecutor>,
  define: DefineTest = Deno.test,
): void {
  const test = (claim: string, body: (opened: OpenedExecutor) => Promise<void>) =>
    define(`${name}: ${claim}`, async () => {
      const opened = await open();
      try {
        await body(opened);
      } finally {
        await opened.close();
      }
    });

  test("answers come in the order of the jobs, whichever ends first", async ({ executor }) => {
    const jobs = jobsOf("slow", [60, 5, 30].map((milliseconds) => ({ milliseconds })));
    const ended: [number, JobOutcome<number>][] = [];
    const outcomes = await executor.run<number>(jobs, {
      onEnd: (index, outcome) => ended.push([index, outcome]),
    });
    assert.deepEqual(outcomes, [60, 5, 30].map(doneWith));
    assert.deepEqual(ended.toSorted(([a], [b]) => a - b), [...outcomes.entries()]);
  });

  test("no jobs have no answers", async ({ executor }) => {
    assert.deepEqual(await executor.run([]), []);
  });

  test("plain data arrives as it is", async ({ executor }) => {
    const [outcome] = await executor.run(jobsOf("square", [{ number: 1 / 3 }]));
    assert.deepEqual(outcome, doneWith({ square: (1 / 3) ** 2, text: "é, \n" }));
  });

  test("a large answer arrives", async ({ executor }) => {
    const [outcome] = await executor.run<string>(jobsOf("large", [{ length: 300_000 }]));
    assert.deepEqual(outcome, doneWith("x".repeat(300_000)));
  });

  test("a job that fails is tried as often as is said, and does not stop the others", async (opened) => {
    const { executor, ledger: { begun } } = opened;
    const jobs = [...jobsOf("square", [{ number: 2 }]), ...jobsOf("fail", [{ number: 7 }])];
    const [first, poisoned, last] = await executor.run([
      ...jobs,
      ...jobsOf("square", [{ number: 3 }]),
    ]);
    assert.deepEqual([first.status, last.status], ["done", "done"]);
    assert.ok(poisoned.status === "failed");
    assert.equal(poisoned.error.message, "the number 7 is poison");
    assert.equal(poisoned.attempts, executor.attempts);
    assert.equal(begun.filter((key) => key === "fail 7").length, executor.attempts);
  });

  test("an error keeps its class", async ({ executor }) => {
    const [outcome] = await executor.run(jobsOf("refuse", [{ number: 1 }]));
    assert.ok(outcome.status === "failed" && outcome.error instanceof InputError);
    assert.equal(outcome.error.message, "reading 1: found it, wanted another");
  });

  test("a job that failed is tried anew in the next run", async ({ executor, ledger: { begun } }) => {
    const jobs = jobsOf("refuse", [{ number: 1 }]);
    await executor.run(jobs);
    const [outcome] = await executor.run(jobs);
    assert.equal(outcome.status, "failed");
    assert.equal(begun.length, 2 * executor.attempts);
  });

  test("jobs of one kind and key are done once", async ({ executor, ledger: { begun } }) => {
    const jobs = jobsOf("square", [{ number: 4 }, { number: 5 }, { number: 4 }]);
    const ended: number[] = [];
    const outcomes = await executor.run<{ square: number }>(jobs, {
      onEnd: (index) => ended.push(index),
    });
    assert.deepEqual(
      outcomes.map((outcome) => outcome.status === "done" && outcome.output.square),
      [16, 25, 16],
    );
    assert.deepEqual(ended.sort(), [0, 1, 2]);
    assert.deepEqual(begun.toSorted(), ["square 4", "square 5"]);
  });

  test("progress is told of with the index of the job", async ({ executor }) => {
    const told: [number, number][] = [];
    const jobs = jobsOf("slow", [{ milliseconds: 100 }, { milliseconds: 101 }]);
    await executor.run(jobs, { onProgress: (index, share) => told.push([index, share]) });
    assert.deepEqual(told.sort(), [[0, 0.5], [1, 0.5]]);
  });

  test("a raised signal ends the run: what was not begun is not done", async (opened) => {
    const { executor, ledger: { begun } } = opened;
    const controller = new AbortController();
    const milliseconds = Array.from({ length: 20 }, (_, index) => 50 + index);
    const run = executor.run(
      jobsOf("slow", milliseconds.map((each) => ({ milliseconds: each }))),
      {
        signal: controller.signal,
        onEnd: (index) => index === 0 && controller.abort(new Error("enough")),
      },
    );
    await assert.rejects(run, /enough/);
    const afterwards = begun.length;
    await new Promise((resolve) => setTimeout(resolve, 300));
    assert.ok(begun.length <= afterwards + 1 && begun.length < 10, begun.join());
  });

  test("a signal that was raised before lets nothing begin", async (opened) => {
    const { executor, ledger: { begun } } = opened;
    const signal = AbortSignal.abort(new Error("not now"));
    await assert.rejects(executor.run(jobsOf("square", [{ number: 1 }]), { signal }), /not now/);
    assert.deepEqual(begun, []);
  });
}
