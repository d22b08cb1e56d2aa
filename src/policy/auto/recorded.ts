import { InputError } from "../../errors.ts";
import { keyOf } from "./rollout.ts";

/**
 * Refuses to go on from a journal whose networks are not those that the search comes to.
 *
 * @param recorded Counts of the journal.
 * @param wanted Counts that the search has come to.
 * @param rollout Number of the roll-out.
 * @throws {InputError} When they differ.
 */
export function checkRecorded(
  recorded: readonly number[],
  wanted: readonly number[],
  rollout: number,
): void {
  if (keyOf(recorded) === keyOf(wanted)) return;
  throw new InputError(
    `resuming a search: found counts ${keyOf(recorded)} in roll-out ${rollout}, ` +
      `wanted ${keyOf(wanted)}; the journal belongs to another search`,
  );
}
