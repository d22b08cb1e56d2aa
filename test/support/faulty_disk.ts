import { disk } from "../../src/base/disk.ts";

/** A disk some step of which goes wrong. */
export interface FaultyDisk extends Disposable {
  /** Steps so far. */
  readonly steps: number;
}

/** What a step of a disk fails with. */
const MESSAGES = {
  EIO: "i/o error",
  ENOSPC: "no space left on device",
  EROFS: "read-only file system",
} as const;

export type Fault = keyof typeof MESSAGES;

/**
 * Lets steps of what is done to files go wrong: opening, writing, waiting for the disk, closing,
 * renaming, linking, copying, removing, making a
 * folder.
 *
 * @param at Which step, from 1.
 * @param code What it fails with.
 * @param lasts Whether all steps behind it fail as well.
 * @returns Undone when it goes out of scope.
 */
export function breakDisk(at: number, code: Fault, lasts = false): FaultyDisk {
  return watchDisk((name, steps) => {
    if (steps !== at && !(lasts && steps > at)) return;
    throw Object.assign(new Error(`${code}: ${MESSAGES[code]}, ${name}`), { code });
  });
}

/** A disk at one step of which who does it stands still. */
export interface StandingDisk extends FaultyDisk {
  /** Kept when the step is reached. */
  readonly reached: Promise<void>;
  /** Lets it go on. */
  goOn(): void;
}

/**
 * Lets who does one step of what is done to files stand still ahead of it; others go on.
 *
 * @param at Which step, from 1.
 * @returns Undone when it goes out of scope.
 */
export function holdDisk(at: number): StandingDisk {
  const { promise: reached, resolve: reach } = Promise.withResolvers<void>();
  const { promise: held, resolve: goOn } = Promise.withResolvers<void>();
  const disk = watchDisk(async (_, steps) => {
    if (steps !== at) return;
    reach();
    await held;
  });
  return Object.assign(disk, { reached, goOn });
}

/**
 * Has something done ahead of every step.
 *
 * @param onStep Is given the step's name and its number, from 1.
 * @returns Undone when it goes out of scope.
 */
export function watchDisk(
  onStep: (name: string, steps: number) => void | Promise<void>,
): FaultyDisk {
  const intact = { ...disk };
  let steps = 0;
  const wrap = (holder: object, name: string) => {
    const work = Reflect.get(holder, name) as (...given: unknown[]) => Promise<unknown>;
    return async (...given: unknown[]) => {
      await onStep(name, ++steps);
      return await work.apply(holder, given);
    };
  };
  for (const name of Object.keys(intact) as (keyof typeof disk)[]) {
    Object.assign(disk, { [name]: wrap(intact, name) });
  }
  const open = disk.open;
  disk.open = async (...given) => {
    const file = await open(...given);
    return Object.assign(Object.create(file), {
      write: wrap(file, "write"),
      sync: wrap(file, "sync"),
      // What is closed is closed, whatever is said of it.
      close: async () => {
        await file.close();
        await onStep("close", ++steps);
      },
    });
  };
  return {
    get steps() {
      return steps;
    },
    [Symbol.dispose]: () => void Object.assign(disk, intact),
  };
}
