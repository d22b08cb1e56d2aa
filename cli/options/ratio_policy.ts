import { type Effort, EFFORTS, type RatioPolicy } from "../../src/mod.ts";
import { autoPolicy, type SearchFlags } from "./search_options.ts";
import { readTextFile } from "../text_files.ts";

/** Values of the options that say where the ratios come from. */
export interface PolicyFlags extends SearchFlags {
  /** The policy. Default: what the effort chooses. */
  readonly pruneOption?: RatioPolicy["kind"];
  /** How much is done. */
  readonly effort?: Effort;
  /** Ratio of every convolution. */
  readonly uniformPreserveRatio: number;
  /** File of a ratio list. */
  readonly pruneListFile: string;
}

/**
 * The library's policy from the flags.
 *
 * @throws {InputError} When the file of a ratio list cannot be read.
 * @throws {UsageError} When options do not go together.
 */
export async function readPolicy(flags: PolicyFlags): Promise<RatioPolicy> {
  const { effort = "standard", uniformPreserveRatio, pruneListFile } = flags;
  const { pruneOption = EFFORTS[effort].policy.kind } = flags;
  if (pruneOption === "auto") return autoPolicy(flags);
  if (pruneOption === "uniform") return { kind: "uniform", ratio: uniformPreserveRatio };
  if (pruneOption === "budget") {
    const { preserveRatio: share, target, latencyTable } = flags;
    return { kind: "budget", share, target, latencyTable };
  }
  const text = await readTextFile(
    "--prune-list-file",
    pruneListFile,
    "a ratio for each convolution with commas between",
  );
  return { kind: "list", text, source: pruneListFile };
}
