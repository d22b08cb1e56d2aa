import {
  noteOnTail,
  openModel,
  pruneWithoutData,
  refuseExistingModel,
  refuseUnwritable,
  saveModel,
  type WithoutDataReport,
} from "../src/mod.ts";
import { foldIfAsked } from "./options/output_options.ts";
import type { PruneFlags } from "./options/prune_options.ts";
import { readPolicy } from "./options/ratio_policy.ts";
import { say } from "./output/messages.ts";
import type { Outputs } from "./output/outputs.ts";
import { describeBudget } from "./output/prune_report.ts";
import { describeCommand, withProvenance } from "./output/provenance.ts";
import { formatChange, formatCount, formatTable } from "./output/table.ts";
import { UsageError } from "./usage_error.ts";

/** What is said of a network that nobody has measured. */
const NOT_MEASURED =
  "the network was not measured: without data its accuracy is not known, and it falls fast where more " +
  "than a tenth of the cost is cut; measure it with `eval`, or give images with --data";

/**
 * Prunes a model without any data, writes the smaller one, and prints what it costs.
 *
 * @param model Path of the model.
 * @param flags Values of the options of `prune`.
 * @param command The command, which the model names as what made it.
 * @throws {UsageError} When an option wants data.
 * @throws {InputError} When the model cannot be used, or the budget not be reached.
 */
export async function runWithoutData(
  model: string,
  flags: Omit<PruneFlags, "data">,
  command: readonly string[],
): Promise<void> {
  refuseOptionsOfData(flags);
  const { out, json, force, format, quantize } = flags;
  await refuseExistingModel(out, flags);
  const original = await openModel(model);
  refuseUnwritable(out, original, flags);
  const tail = noteOnTail(original);
  if (tail !== undefined) say(`note: ${tail}`);
  const { file, report } = await pruneWithoutData({
    model: original,
    policy: await readPolicy({ ...flags, pruneOption: flags.pruneOption ?? "budget" }),
    shared: flags.shared,
    channelMultiple: flags.channelMultiple,
    slowSelectors: flags.slowSelectors,
    skip: flags.skip,
  });
  say(`note: ${NOT_MEASURED}`);
  const notices = [tail, NOT_MEASURED].filter((notice) => notice !== undefined);
  const record = { ...describeCommand(command), ...report, notices };
  const written = await foldIfAsked(withProvenance(file, record), flags);
  const { bytes } = await saveModel(out, written, { force, format, quantize });
  console.log(
    json
      ? JSON.stringify({ out, bytes, ...record } satisfies Outputs["prune"])
      : describe(report, out),
  );
}

function refuseOptionsOfData(
  { statistics, epochs, enblDst, teacher, finetune, retrain, queue, card }: Omit<
    PruneFlags,
    "data"
  >,
): void {
  const wanting = Object.entries({
    "--statistics": statistics,
    "--epochs": epochs,
    "--enbl-dst": enblDst,
    "--teacher": teacher,
    "--finetune": finetune,
    "--retrain": retrain,
    "--queue": queue,
    "--card": card,
  }).find(([, value]) => value !== undefined);
  if (wanting === undefined) return;
  throw new UsageError(
    `reading --no-data and ${
      wanting[0]
    }: the latter wants images; give them with --data, or leave it out`,
  );
}

function describe(
  { units, macs, params, budget, seconds }: WithoutDataReport,
  out: string,
): string {
  const table = formatTable(
    ["decision", "kept", "of", "read by"],
    units.map(({ name, kept, of, readers }) => [name, kept, of, readers.join(" ")]),
  );
  return [
    table,
    "",
    `MACs        ${formatChange(macs, formatCount)}`,
    `parameters  ${formatChange(params, formatCount)}`,
    describeBudget(budget),
    "accuracy    not measured",
    `time        ${seconds.toFixed(1)} s`,
    `written to ${out}`,
  ].join("\n");
}
