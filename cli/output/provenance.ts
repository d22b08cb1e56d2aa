import project from "../../deno.json" with { type: "json" };
import type { Change, ModelFile, PruneReport } from "../../src/mod.ts";
import { quoteArguments, typedArguments } from "../normalize_arguments.ts";

/** What made a result. */
export interface Provenance {
  /** Version of Secateur. */
  readonly version: string;
  /** The command. */
  readonly command: string;
}

/**
 * Says what makes a result.
 *
 * @param command The command and its arguments; those that were typed when none are given.
 * @returns This version of Secateur, and the command in one line.
 */
export function describeCommand(command: readonly string[] = typedArguments): Provenance {
  return { version: project.version, command: quoteArguments(command) };
}

/** What a pruned model names of its run; a run without data has measured nothing. */
type PrunedFigures =
  & Partial<Pick<PruneReport, "seed" | "workers" | "accuracy" | "outputError">>
  & Pick<PruneReport, "params">
  & { readonly macs: Change };

/**
 * Lets a pruned model say how it was made.
 *
 * @param file The model.
 * @param record The command and the figures of the run.
 * @param more What else it says.
 * @returns The model with that in its metadata.
 */
export function withProvenance(
  file: ModelFile,
  record: PrunedFigures & Provenance,
  more: Record<string, unknown> = {},
): ModelFile {
  const { version, command, seed, workers, accuracy, outputError, macs, params } = record;
  const secateur = {
    version,
    command,
    ...more,
    seed,
    workers,
    ...(accuracy && { accuracy }),
    ...(outputError && { outputError }),
    macs,
    params,
  };
  return { ...file, metadata: { ...file.metadata, secateur } };
}
