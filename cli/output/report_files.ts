import { Option } from "@commander-js/extra-typings";
import {
  type ExtraFiles,
  type ModelFile,
  profile,
  type ProgressListener,
  recordRun,
  renderReport,
  type RunFields,
  type RunProfile,
} from "../../src/mod.ts";
import { CARD, renderCard } from "./model_card.ts";
import { wordProfile } from "./word_report.ts";
import { quoteArguments, typedArguments } from "../normalize_arguments.ts";

/** `--no-latency`: for those who do not want to wait, or whose machine is busy. */
export function createLatencyOption() {
  return new Option(
    "--no-latency",
    "do not measure for the report where the milliseconds go, which takes some seconds",
  );
}

/** What a run was and found, as far as its command knows; `Omit` is applied to either kind. */
type RunOutcome = RunFields extends infer Fields
  ? Fields extends RunFields ? Omit<Fields, "command" | "bytes" | "profile"> : never
  : never;

/** The networks of a run. */
interface RunModels {
  /** The model that was given; none for a new network. */
  readonly before?: ModelFile;
  /** The model that is written. */
  readonly after: ModelFile;
  /** Whether they are timed. */
  readonly latency: boolean;
  /** Whether a model card is written beside the model. */
  readonly card?: boolean;
  /** Receives the progress of the timing. */
  readonly onProgress: ProgressListener;
}

/**
 * Makes a run's report: `report.html` for people and `report.json`, which `compare` reads.
 *
 * @param outcome What the run found.
 * @param models The models.
 * @param others Further files of the run.
 * @returns A function that gives all files, once it is given the bytes of the written model, and what the networks cost.
 */
export async function reportFiles(
  outcome: RunOutcome,
  models: RunModels,
  others: ExtraFiles = new Map(),
): Promise<{ extraFiles: (bytes: number) => Promise<ExtraFiles>; costs: RunProfile }> {
  const { before, card } = models;
  const costs = wordProfile(await profile(models));
  const extraFiles = async (bytes: number) => {
    const record = await recordRun({
      ...outcome,
      command: `secateur ${quoteArguments(typedArguments)}`,
      bytes: { before: before && before.bytes, after: bytes },
      profile: costs,
    });
    return new Map([
      ...others,
      ["report.html", await renderReport(record)],
      ["report.json", `${JSON.stringify(record)}\n`],
      ...(card ? [[CARD, renderCard(record)] as const] : []),
    ]);
  };
  return { extraFiles, costs };
}
