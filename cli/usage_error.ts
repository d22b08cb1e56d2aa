/**
 * A command or option that was used wrongly: the exit code is 2. The library has an error of the same name; arguments are
 * read before the library is loaded, so that `--help` answers at once.
 */
export class UsageError extends Error {
  /** The name that decides on the exit code. */
  override readonly name = "UsageError";
}
