import { Thread } from "../../../src/base/threads/thread.ts";

/** When and how a worker ends. */
export interface Death {
  /** Request at which it does: `open`, or a method of a replica. */
  readonly method: string;
  /** How many of these requests it has got by then, this one included. */
  readonly at: number;
  /** An error that is thrown, a promise that is rejected, or an end without a word. */
  readonly how: "throw" | "reject" | "close" | "exit";
}

/** The ways in which a worker ends, and what is said of it. */
export const WAYS: [how: Death["how"], said: RegExp][] = [
  ["throw", /running worker thread 2 of 2: it died of RangeError: out of luck; give the same/],
  ["reject", /running worker thread 2 of 2: it died of TypeError: out of luck; give the same/],
  ["close", /running worker thread 2 of 2: it ended without an error; give the same command again/],
  ["exit", /running worker thread 2 of 2: it ended without an error; give the same command again/],
];

/**
 * Makes the workers that are started from now on mortal.
 *
 * @param death When and how they end.
 * @returns Undone when it goes out of scope.
 */
export function makeWorkersMortal(death: Death): Disposable {
  const immortal = Thread.script;
  Thread.script = new URL("./dying_worker.ts", import.meta.url);
  Thread.script.searchParams.set("death", JSON.stringify(death));
  return { [Symbol.dispose]: () => void (Thread.script = immortal) };
}
