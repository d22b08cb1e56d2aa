import { basename, dirname, join } from "node:path";

/**
 * Makes it look as if whoever is replacing a folder had given no sign of life for a minute.
 *
 * @param place The folder.
 */
export async function ageTurn(place: string): Promise<void> {
  const before = Date.now() / 1000 - 60;
  const turn = join(dirname(place), `.${basename(place)}.turn`);
  const drafts = await Array.fromAsync(Deno.readDir(turn)).catch(() => []);
  for (const path of [turn, place, ...drafts.map(({ name }) => join(turn, name))]) {
    await Deno.utime(path, before, before).catch(() => {});
  }
}
