import { readdir, stat, utimes } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { disk } from "./disk.ts";
import { InputError } from "./errors.ts";
import { isMissing } from "./files.ts";
import { removeAll } from "./whole_file.ts";

/** Milliseconds without a sign of life after which a writer has lost its turn. */
const PATIENCE = 5_000;

/** Milliseconds between two looks whether it is one's turn. */
const PAUSE = 20;

/** What systems say where a folder is to have the name of one with something in it. */
const TAKEN = ["ENOTEMPTY", "EEXIST"];

/** What Windows says there, and others for want of access. */
const TAKEN_ON_WINDOWS = ["EPERM", "EACCES"];

/**
 * Lets those that change what is in a folder do so one after the other, in whatever process they are. Who has its turn
 * has its draft in a folder beside the place that is called the same for all, and each draft has a name of its own:
 *
 *     .place.turn/.place.1f0c…/the files of the draft
 *
 * All that is done to the place has to be renaming and linking from this draft or to it. So a writer that was killed or
 * stands still is stopped for certain: its draft is taken away, and nothing that it may try afterwards works.
 *
 * @param draft The draft; it is gone afterwards.
 * @param place The folder.
 * @param work Changes the place, given where the draft is now.
 * @throws {InputError} When another run took the draft away.
 * @throws What `work` or the file system says.
 */
export async function takeTurn(
  draft: string,
  place: string,
  work: (draft: string) => Promise<void>,
): Promise<void> {
  const turn = join(dirname(place), `.${basename(place)}.turn`);
  const own = join(turn, basename(draft));
  const waiting = `${draft}.waiting`;
  try {
    await disk.mkdir(waiting);
    await disk.rename(draft, join(waiting, basename(draft)));
    while (!await beginTurn(waiting, turn)) await makeWay(turn, place, `${draft}.stale`);
  } catch (error) {
    await removeAll(waiting);
    throw error;
  }
  try {
    await work(own);
  } catch (error) {
    if (await signOf(own) > 0) throw error;
    throw new InputError(
      "found that another run wrote there too, which took over when this one stood still; write it again",
      { cause: error },
    );
  } finally {
    const end = () => endTurn(own, turn);
    await end().catch(end).catch(() => {});
  }
}

/** Somebody else may have the turn already. */
async function endTurn(own: string, turn: string): Promise<void> {
  await disk.rm(own, { recursive: true, force: true });
  await disk.rmdir(turn).catch((error) => {
    if (!isMissing(error) && !TAKEN.includes(error.code)) throw error;
  });
}

/** A folder takes the name of one that is empty or not there, of no other. */
async function beginTurn(waiting: string, turn: string): Promise<boolean> {
  const now = new Date();
  await utimes(waiting, now, now).catch(() => {});
  try {
    await disk.rename(waiting, turn);
    return true;
  } catch (error) {
    const { code = "" } = error as { code?: string };
    if (TAKEN.includes(code) || (TAKEN_ON_WINDOWS.includes(code) && await signOf(turn) > 0)) {
      return false;
    }
    throw error;
  }
}

/** Waits a moment; from a writer that gives no sign of life its draft is taken away. */
async function makeWay(turn: string, place: string, aside: string): Promise<void> {
  const names = await readdir(turn).catch((): string[] => []);
  if (names.length === 0) await disk.rmdir(turn).catch(() => {});
  const drafts = names.map((name) => join(turn, name));
  const signs = await Promise.all([turn, place, ...drafts].map(signOf));
  // Clocks of other machines may be ahead.
  if (Math.abs(Date.now() - Math.max(...signs)) < PATIENCE) {
    await new Promise((resolve) => setTimeout(resolve, PAUSE));
    return;
  }
  for (const draft of drafts) {
    await disk.rename(draft, aside).catch((error) => {
      if (!isMissing(error)) throw error;
    });
    await removeAll(aside);
  }
}

/** When something was last changed, in milliseconds; 0 where nothing is there any more. */
async function signOf(path: string): Promise<number> {
  return await stat(path).then(({ mtimeMs }) => mtimeMs, () => 0);
}
