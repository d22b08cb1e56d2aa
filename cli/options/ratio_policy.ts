import { type Effort, EFFORTS, type RatioPolicy } from "../../src/mod.ts";
import { autoPolicy, type SearchFlags } from "./search_options.ts";
import { readTextFile } from "../text_files.ts";

/** Percentage points in a share of 1. */
const POINTS = 100;

/** Values of the options that say where the ratios come from. */
export interface PolicyFlags extends SearchFlags {
  /** The policy. Default: what the effort chooses. */
  readonly pruneOption?: RatioPolicy["kind"];
  /** How much is done. */
  readonly effort?: Effort;
  /** Points of accuracy that may be lost. */
  readonly maxDrop?: number;
  /** Relative error that there may be. */
  readonly maxError?: number;
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
  const { maxDrop, maxError, target, latencyTable, runtime } = flags;
  if (maxDrop !== undefined || maxError !== undefined) {
    const share = maxDrop === undefined ? undefined : maxDrop / POINTS;
    return { kind: "floor", maxDrop: share, maxError, target, latencyTable, runtime };
  }
  const { effort = "standard", uniformPreserveRatio, pruneListFile } = flags;
  const { pruneOption = EFFORTS[effort].policy.kind } = flags;
  if (pruneOption === "auto") return autoPolicy(flags);
  if (pruneOption === "uniform") return { kind: "uniform", ratio: uniformPreserveRatio };
  if (pruneOption === "budget") {
    return { kind: "budget", share: flags.preserveRatio, target, latencyTable, runtime };
  }
  const text = await readTextFile(
    "--prune-list-file",
    pruneListFile,
    "a ratio for each convolution with commas between",
  );
  return { kind: "list", text, source: pruneListFile };
}
