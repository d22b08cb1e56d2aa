/** How much a command says beside its result: `--quiet` and `--verbose`. */
export type Verbosity = "quiet" | "usual" | "verbose";

/** What standard error is written for: people, or programs that read an object from every line. */
export type Audience = "people" | "programs";

let verbosity: Verbosity = "usual";
let audience: Audience = "people";

/** Sets how much is said, for the whole process. */
export function setVerbosity(wanted: Verbosity): void {
  verbosity = wanted;
}

/** How much is said. */
export function currentVerbosity(): Verbosity {
  return verbosity;
}

/** Sets whom standard error is for, for the whole process. */
export function setAudience(wanted: Audience): void {
  audience = wanted;
}

/** Whom standard error is for. */
export function currentAudience(): Audience {
  return audience;
}

/** Says on standard error how a run goes, unless under `--quiet`. */
export function say(text: string): void {
  if (verbosity !== "quiet") sayAnyway(text);
}

/** Says on standard error what has to be known even under `--quiet`. */
export function sayAnyway(text: string): void {
  console.error(audience === "programs" ? JSON.stringify({ said: text }) : text);
}
