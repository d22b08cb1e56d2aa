/**
 * Says what went wrong. Workers have named options as the page does.
 *
 * @param error What was thrown.
 * @returns A sentence: what was being done, what was found, what was wanted, what to do.
 */
export function explain(error: unknown): string {
  const { name, message } = error as Error;
  if (name !== "InputError" && name !== "UsageError") {
    return `Something failed that should not (${message}). What was loaded is still here; try ` +
      "again, with fewer images if memory ran out.";
  }
  return `${message[0].toUpperCase()}${message.slice(1)}.`;
}
