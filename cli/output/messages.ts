/** How much a command says beside its result: `--quiet` and `--verbose`. */
export type Verbosity = "quiet" | "usual" | "verbose";

let verbosity: Verbosity = "usual";

/** Sets how much is said, for the whole process. */
export function setVerbosity(wanted: Verbosity): void {
  verbosity = wanted;
}

/** How much is said. */
export function currentVerbosity(): Verbosity {
  return verbosity;
}

/** Says on standard error how a run goes, unless under `--quiet`. */
export function say(text: string): void {
  if (verbosity !== "quiet") console.error(text);
}
