import { existsSync } from "node:fs";
import { rm, stat } from "node:fs/promises";
import {
  type Change,
  type EpochReport,
  type Forecast,
  InputError,
  openModel,
  type ProgressListener,
  type prune,
  type PruneOptions,
  type PruneTuning,
  refuseExistingModel,
  refuseUnwritable,
  saveModel,
  type SelectionMethod,
  settleEffort,
} from "../src/mod.ts";
import { keepAtInterrupt, untilInterrupted } from "./interrupt.ts";
import { dataOptions } from "./options/data_options.ts";
import { foldIfAsked } from "./options/output_options.ts";
import type { PruneFlags } from "./options/prune_options.ts";
import { queueOptions } from "./options/queue_options.ts";
import { readPolicy } from "./options/ratio_policy.ts";
import { samplingSettings } from "./options/sampling_options.ts";
import { checkpointFolder, describeState, scheduleSettings } from "./options/tuning_options.ts";
import { describeCommand, type Provenance, withProvenance } from "./output/provenance.ts";
import { noteOnSelectors, whyItDoesNotPay } from "./output/gain_notes.ts";
import { reportFiles } from "./output/report_files.ts";
import { searchFiles } from "./output/search_log.ts";
import { type WordedReport, wordLog, wordReport } from "./output/word_report.ts";
import { UsageError } from "./usage_error.ts";

/** What a pruning run takes beside its model and flags. */
export interface PruneRunOptions {
  /** The command and its arguments, which the model names as what made it. */
  readonly command: readonly string[];
  /** Does the pruning itself. */
  readonly prune: typeof prune;
  /** Receives progress. */
  readonly onProgress: ProgressListener;
  /** Receives every finished epoch of tuning. */
  readonly onEpoch: (report: EpochReport) => void;
  /** Receives what the run is going to do. */
  readonly onForecast?: (forecast: Forecast) => void;
}

/** A pruning run whose model is written. */
export interface PruneRun {
  /** What was cut and measured, and where the smaller model does not pay. */
  readonly report: WordedReport;
  /** What made the model. */
  readonly provenance: Provenance;
  /** Bytes of the models on disk. */
  readonly bytes: Change;
}

/**
 * Prunes a model and writes the smaller one with its reports. It prints nothing.
 *
 * @param model Path of the model.
 * @param flags Values of the options of `prune`.
 * @param options The command, what does the pruning, and what receives progress.
 * @returns What was found and written.
 * @throws {UsageError} When options do not go together.
 * @throws {InputError} When a file cannot be used, or the model cannot be pruned so.
 * @throws {InterruptError} When an interrupt ends it.
 */
export async function runPrune(
  model: string,
  flags: PruneFlags,
  { command, prune, onProgress, onEpoch, onForecast }: PruneRunOptions,
): Promise<PruneRun> {
  const settings = {
    ...settleEffort(await pruneSettings(flags)),
    tuning: tuningOf(flags, onEpoch),
    onForecast,
  };
  const keepsState = settings.tuning !== undefined || settings.policy.kind === "auto" ||
    settings.repair === "network";
  if (flags.resume && !keepsState) {
    throw new UsageError(
      "reading --resume: a run without search, repair of the network or tuning keeps no state to go on from; leave --resume out",
    );
  }
  await refuseExistingModel(flags.out, flags);
  const original = await openModel(model);
  refuseUnwritable(flags.out, original, flags);
  const checkpoint = checkpointFolder(flags.out);
  keepAtInterrupt(() => describeKept(checkpoint, flags));
  const run = (more: Pick<PruneOptions, "signal" | "checkpoint"> = {}) =>
    prune({ ...dataOptions(model, flags, onProgress), ...settings, ...more, model: original });
  const { file, answers, ...found } = keepsState
    ? await untilInterrupted((signal) => run({ signal, checkpoint }))
    : await run();
  const report = wordReport(found.report);
  const log = found.log && wordLog(found.log);
  const provenance = describeCommand(command);
  const written = await foldIfAsked(withProvenance(file, { ...provenance, ...report }), flags);
  const { extraFiles, costs } = await reportFiles(
    { kind: "prune", model: original.path, out: flags.out, report, answers, search: log },
    { before: original, after: written, latency: flags.latency, card: flags.card, onProgress },
    log && searchFiles(log),
  );
  const { force, format, quantize } = flags;
  const saved = await untilInterrupted((signal) =>
    saveModel(flags.out, written, { force, format, quantize, extraFiles, signal })
  );
  await rm(checkpoint, { recursive: true }).catch(() => {});
  const bytes = { before: original.bytes, after: saved.bytes };
  const stored = quantize ?? written.quantized;
  const isWideFile = stored !== "float16" && stored !== "int8" && (await stat(flags.out)).isFile();
  const notices = [
    ...report.notices,
    ...noteOnSelectors(report),
    ...whyItDoesNotPay(report, {
      bytes,
      milliseconds: { before: costs.before?.milliseconds, after: costs.after.milliseconds },
      storage: isWideFile ? "file" : stored,
    }),
  ];
  return { report: { ...report, notices }, provenance, bytes };
}

/**
 * Refuses a run whose network was cut and written, but could not be tuned.
 *
 * @param report What was found.
 * @param out Where the network is.
 * @throws {InputError} With what keeps it from being tuned.
 */
export function requireTuned({ failure }: WordedReport, out: string): void {
  if (failure === undefined) return;
  throw new InputError(
    `tuning the pruned network: ${failure}. What was cut is written to ${out} without tuning; tune it with \`finetune\``,
  );
}

/** The library's options from the flags, but for data and tuning. */
async function pruneSettings(flags: PruneFlags) {
  const policy = await readPolicy(flags);
  const settings = {
    effort: flags.effort,
    policy,
    select: selectionMethod(flags),
    shared: flags.shared,
    channelMultiple: channelMultiple(flags),
    slowSelectors: flags.slowSelectors,
    keepBlocks: flags.keepBlocks,
    skip: flags.skip,
    ...samplingSettings(flags),
    ridge: flags.ridge,
    repair: flags.repair,
    networkRepair: { steps: flags.repairSteps, augments: flags.repairAugment },
    statistics: flags.statistics,
    memoryBudget: flags.memory * 2 ** 20,
    verify: flags.verify,
    resume: flags.resume,
    queue: queueOptions(flags),
  };
  if (settings.queue && policy.kind !== "auto") {
    throw new UsageError(
      `reading --queue and --prune-option ${policy.kind}: only auto has work for others; leave --queue out`,
    );
  }
  return settings;
}

/** What is left of an interrupted run, and what it is good for. */
function describeKept(
  checkpoint: string,
  { statistics, latencyTable }: { statistics?: string; latencyTable?: string },
): string | undefined {
  const state = describeState(checkpoint);
  const files = [statistics, latencyTable].filter((file) => file !== undefined && existsSync(file));
  if (files.length === 0) return state;
  return [state, `${files.join(" and ")} kept: the same command reads what is in there`]
    .filter((part) => part !== undefined).join("; ");
}

/** Tuning is on when an option asks for it. */
function tuningOf(
  flags: PruneFlags,
  onEpoch: PruneRunOptions["onEpoch"],
): PruneTuning | undefined {
  const { epochs, enblDst, teacher, finetune = false, retrain = false } = flags;
  const hasGroups = finetune || retrain;
  if (epochs === undefined && !enblDst && teacher === undefined && !hasGroups) return undefined;
  return {
    ...scheduleSettings(flags),
    teacher: teacher ?? (enblDst ? "original" : undefined),
    groups: hasGroups
      ? {
        size: flags.listGroup,
        epochShare: flags.nbItersFtRatio,
        learningRate: flags.lrnRateFt,
        retrain,
      }
      : undefined,
    onEpoch,
  };
}

function selectionMethod(
  { select, lasso }: { select?: SelectionMethod; lasso?: boolean },
): SelectionMethod | undefined {
  if (lasso === undefined) return select;
  const meant = lasso ? "lasso" : "magnitude";
  if (select !== undefined && select !== meant) {
    throw new UsageError(
      `reading --select ${select} and --lasso ${lasso}: the latter means ${meant}; give one of them`,
    );
  }
  return meant;
}

export function channelMultiple(
  { quadruple, channelMultiple: multiple }: { quadruple?: boolean; channelMultiple?: number },
): number | undefined {
  if (!quadruple) return multiple;
  if (multiple !== undefined && multiple !== 4) {
    throw new UsageError(
      `reading --quadruple and --channel-multiple ${multiple}: the former means 4; give one of them`,
    );
  }
  return 4;
}
