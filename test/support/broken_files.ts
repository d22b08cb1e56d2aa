/** What node:fs changes names and contents of folders with, in Deno. */
const STEPS = ["copyFile", "link", "remove", "rename"] as const;

/** Files that break: the step they break at, once it is reached. */
export interface BrokenFiles extends Disposable {
  /** Kept when the step is reached. */
  readonly reached: Promise<void>;
  /** Whether it was. */
  readonly isReached: boolean;
}

/**
 * Lets one step of what is done to files go wrong, and no other.
 *
 * @param at Which step, from 1: a link, a copy, a renaming or a removal.
 * @param how An error, or an end of everything, as when the process is killed ahead of it.
 * @returns Undone when it goes out of scope.
 */
export function breakFiles(at: number, how: "fail" | "stop"): BrokenFiles {
  const { promise: reached, resolve: reach } = Promise.withResolvers<void>();
  const intact = Object.fromEntries(STEPS.map((name) => [name, Deno[name]]));
  let steps = 0;
  for (const name of STEPS) {
    const step = intact[name] as (...given: unknown[]) => Promise<void>;
    const broken = async (...given: unknown[]) => {
      if (++steps === at) {
        reach();
        if (how === "fail") throw new Error("the disk is full");
      }
      if (how === "stop" && steps >= at) await new Promise(() => {});
      await step(...given);
    };
    Object.assign(Deno, { [name]: broken });
  }
  return {
    reached,
    get isReached() {
      return steps >= at;
    },
    [Symbol.dispose]: () => void Object.assign(Deno, intact),
  };
}
