/**
 * A failure the user can act on: a file, layer, flag or value that is not as it should be.
 *
 * The command line prints its message alone (no stack) and exits with 1; callers of the library catch it to tell
 * bad input from a defect.
 */
export class InputError extends Error {
  /** Class name, kept through structured cloning between workers. */
  override readonly name = "InputError";
}

/** A command or option that was used wrongly; the command line exits with 2. */
export class UsageError extends Error {
  /** Class name, kept through structured cloning between workers. */
  override readonly name = "UsageError";
}

/**
 * A thread that shared the work ended before its time. The work cannot go on without it; a run that keeps its state
 * can, from there.
 */
export class WorkerError extends Error {
  /** Class name, kept through structured cloning between workers. */
  override readonly name = "WorkerError";
}
