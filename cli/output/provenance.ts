import project from "../../deno.json" with { type: "json" };
import type { ModelFile, PruneReport } from "../../src/mod.ts";
import { invocation } from "../invocation.ts";
import { quoteArguments } from "../normalize_arguments.ts";

/** What made a result. */
export interface Making {
  /** Version of Secateur. */
  readonly version: string;
  /** The command. */
  readonly command: string;
}

/** The command that is running. */
export function describeCommand(): Making {
  return { version: project.version, command: quoteArguments(invocation().arguments) };
}

/**
 * Lets a pruned model say how it was made.
 *
 * @param file The model.
 * @param record The command and the figures of the run.
 * @param more What else it says.
 * @returns The model with that in its metadata.
 */
export function withMaking(
  file: ModelFile,
  record: PruneReport & Making,
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
