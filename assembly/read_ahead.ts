/** Bytes of a line of the caches. */
const LINE_BYTES: usize = 64;
/** Bytes of a sink. */
export const SINK_BYTES: usize = 4;

/**
 * Reads a word of every line, so that memory sends them all at once. What then reads short runs here and there, which the
 * processor does not foresee, finds them near.
 *
 *     sink   where the words end, for else they would not be read
 */
export function readAhead(from: usize, bytes: usize, sink: usize): void {
  let words = load<i32>(sink);
  for (const end = from + bytes; from < end; from += LINE_BYTES) words ^= load<i32>(from);
  store<i32>(sink, words);
}

/** Writes a word of every line that is about to be written here and there, to the same end. */
export function claimLines(to: usize, bytes: usize): void {
  for (const end = to + bytes; to < end; to += LINE_BYTES) store<i32>(to, 0);
}
