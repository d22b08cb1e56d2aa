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

/** What helps against an error of the file system, by its code. */
const REMEDIES: Readonly<Record<string, string>> = {
  EACCES: "get access to it, or choose another place",
  EEXIST: "choose another name",
  EISDIR: "give the name of a file",
  EMFILE: "close other programs, or raise the limit of open files (ulimit -n)",
  ENOENT: "check the path",
  ENOSPC: "make room there, or choose another disk",
  ENOTDIR: "give a path whose parents are folders",
  EPERM: "get access to it, or choose another place",
  EROFS: "choose another place, this one is for reading alone",
};

/**
 * The failure of reading or writing a file, with what to do about it.
 *
 * @param activity What was being done, with the file.
 * @param cause The error of the file system.
 * @param content What was wanted in a file that is not there.
 * @returns The error to throw.
 */
export function fileError(activity: string, cause: unknown, content?: string): InputError {
  const { message = String(cause), code = "" } = cause as { message?: string; code?: string };
  const isMissing = code === "ENOENT";
  // Deno says itself which permission helps.
  const found = isMissing ? "found no such file" : message.replace(", run again", "; run again");
  const wanted = isMissing && content !== undefined ? `, wanted ${content}` : "";
  const remedy = REMEDIES[code] ?? "check that the place is there and may be used";
  return new InputError(withAction(`${activity}: ${found}${wanted}`, remedy), { cause });
}

/**
 * A message that ends with what to do.
 *
 * @param message The message; what it says to do itself, behind a semicolon, stays.
 * @param action What to do otherwise.
 * @returns Both.
 */
export function withAction(message: string, action: string): string {
  return message.includes("; ") ? message : `${message}; ${action}`;
}
