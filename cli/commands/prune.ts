import { existsSync } from "node:fs";
import { rm } from "node:fs/promises";
import { Command, Option } from "@commander-js/extra-typings";
import {
  openModel,
  PRUNE_DEFAULTS,
  type PruneOptions,
  type PruneTuning,
  refuseExistingModel,
  saveModel,
  type SelectionMethod,
  TUNING_DEFAULTS,
} from "../../src/mod.ts";
import {
  addImageOptions,
  batchSizeEvalOption,
  dataOption,
  dataOptions,
  noLabelsOption,
} from "../options/data_options.ts";
import { describeEpoch } from "../output/epoch.ts";
import { createSharedOption } from "./inspect.ts";
import { keepAtInterrupt, untilInterrupted } from "../interrupt.ts";
import { invocation } from "../invocation.ts";
import { describeCommand, withMaking } from "../output/provenance.ts";
import { foldIfAsked, foldOption, quantizeOption } from "../options/output_options.ts";
import {
  boolean,
  nameList,
  positiveInteger,
  positiveNumber,
  ratio,
  seedInteger,
} from "../options/parsers.ts";
import { withProgress } from "../output/progress.ts";
import { describeReport } from "../output/prune_report.ts";
import { createLatencyOption, reportFiles } from "../output/report_files.ts";
import { batchesOption, pointsOption } from "../options/sampling_options.ts";
import { readPolicy } from "../options/ratio_policy.ts";
import { searchFiles } from "../output/search_log.ts";
import {
  attemptsOption,
  blobsOption,
  queueOption,
  queueOptions,
} from "../options/queue_options.ts";
import { searchOptions } from "../options/search_options.ts";
import {
  checkpointFolder,
  createDistillationOptions,
  createTuningOptions,
  describeState,
  scheduleSettings,
  type TuningFlags,
} from "../options/tuning_options.ts";
import { UsageError } from "../usage_error.ts";

const tuningOptions = createTuningOptions(TUNING_DEFAULTS);
const distillationOptions = createDistillationOptions();
const GROUP_DEFAULTS = { size: 1000, epochShare: 0.2, learningRate: 1e-4 };

const command = new Command("prune")
  .argument("<model>", "model.json or its folder, .keras, .h5 or .onnx")
  .addOption(dataOption)
  .requiredOption("--out <dir>", "folder for the smaller model")
  .option("--force", "replace the model that stands in --out")
  .addOption(foldOption)
  .addOption(quantizeOption)
  .addOption(
    new Option(
      "--prune-option <policy>",
      "where the ratios come from: an agent that tries networks out (auto), the least error within a budget (budget), the same everywhere (uniform), or a file (list) (cp_prune_option)",
    ).choices(["auto", "budget", "uniform", "list"]).default("auto" as const),
  )
  .addOption(
    new Option(
      "--uniform-preserve-ratio <ratio>",
      "share of its input channels each convolution keeps (cp_uniform_preserve_ratio)",
    ).argParser(ratio).default(0.6),
  )
  .option(
    "--prune-list-file <file>",
    "ratios with commas between, one for each Conv2D in the order of `inspect` (cp_prune_list_file)",
    "ratio.list",
  )
  .addOption(
    new Option(
      "--preserve-ratio <ratio>",
      "share of --target that the model keeps, for auto and budget; --budget is the same (cp_preserve_ratio)",
    ).argParser(ratio).default(0.5),
  )
  .addOption(
    new Option(
      "--target <cost>",
      "what the budget counts: multiply-accumulates of convolutions, parameters, or latency on this machine",
    ).choices(["macs", "params", "latency"]).default("macs" as const),
  )
  .option(
    "--latency-table <file>",
    "file that measured times of layers are kept in (default: they are measured anew)",
  )
  .addOption(
    new Option(
      "--select <method>",
      "how channels are chosen: structured elimination, the Lasso of He et al. 2017, or the largest weights (default: obs)",
    ).choices(["obs", "lasso", "magnitude"]),
  )
  .option(
    "--lasso <true|false>",
    "true is --select lasso, false is --select magnitude (cp_lasso)",
    boolean,
  )
  .addOption(createSharedOption(" (default: couple with auto and budget, otherwise select)"))
  .option("--quadruple", "keep multiples of four channels (cp_quadruple)")
  .option(
    "--channel-multiple <n>",
    "keep a multiple of this many channels (default: 1)",
    positiveInteger,
  )
  .option(
    "--skip <layers>",
    "names of convolutions that stay whole, with commas between",
    nameList,
  )
  .addOption(batchesOption)
  .option(
    "--batch-size <n>",
    "images of every such batch, and of a step of tuning (batch_size)",
    positiveInteger,
    PRUNE_DEFAULTS.batchSize,
  )
  .addOption(pointsOption)
  .option(
    "--statistics <file>",
    "statistics of the unpruned model: read where the file is there, else gathered and written to it (default: kept in memory)",
  )
  .option(
    "--ridge <number>",
    "pull towards the old weights, as a share of the mean diagonal of the inputs' Gram matrix",
    positiveNumber,
    PRUNE_DEFAULTS.ridge,
  )
  .option(
    "--seed <n>",
    "seed of the choice of images and positions, and of tuning",
    seedInteger,
    PRUNE_DEFAULTS.seed,
  )
  .option(
    "--memory <MiB>",
    "activations that may wait between layers (less beside large layers), and sums of one pass, over all workers; the rest is computed again",
    positiveInteger,
    PRUNE_DEFAULTS.memoryBudget / 2 ** 20,
  )
  .option("--no-verify", "skip the check that the shrunk model and the masked original agree")
  .optionsGroup("Search, with --prune-option auto:")
  .addOption(searchOptions.rollouts)
  .addOption(searchOptions.rolloutsMin)
  .addOption(searchOptions.proposals)
  .addOption(searchOptions.rewardPolicy)
  .addOption(searchOptions.noiseTolerance)
  .addOption(searchOptions.start)
  .addOption(searchOptions.images)
  .addOption(searchOptions.finalists)
  .addOption(searchOptions.ratioNoise)
  .addOption(searchOptions.randomEvery)
  .addOption(searchOptions.exploreEvery)
  .addOption(queueOption)
  .addOption(blobsOption)
  .addOption(attemptsOption)
  .addOption(searchOptions.width)
  .addOption(searchOptions.learningRate)
  .addOption(searchOptions.discount)
  .addOption(searchOptions.targetRate)
  .addOption(searchOptions.agentBatch)
  .addOption(searchOptions.noiseFirst)
  .addOption(searchOptions.noiseLast)
  .addOption(searchOptions.baselineDecay)
  .addOption(searchOptions.replayCapacity)
  .optionsGroup("Tuning, which --epochs, --enbl-dst, --teacher, --finetune or --retrain turn on:")
  .addOption(
    new Option(
      "--epochs <n>",
      `passes over the training images, to tune the pruned network (default: ${TUNING_DEFAULTS.epochs} where tuning is on)`,
    ).argParser(positiveInteger),
  )
  .addOption(tuningOptions.epochsRatio)
  .option("--enbl-dst", "imitate the unpruned model (distillation) (enbl_dst)")
  .addOption(distillationOptions.teacher)
  .addOption(distillationOptions.weight)
  .addOption(distillationOptions.temperature)
  .option("--finetune", "tune after every group of convolutions too, with Adam (cp_finetune)")
  .option(
    "--list-group <n>",
    "convolutions of a group (cp_list_group)",
    positiveInteger,
    GROUP_DEFAULTS.size,
  )
  .option(
    "--nb-iters-ft-ratio <ratio>",
    "share of --epochs that is spent on every group (cp_nb_iters_ft_ratio)",
    ratio,
    GROUP_DEFAULTS.epochShare,
  )
  .option(
    "--lrn-rate-ft <number>",
    "Adam's learning rate for groups (cp_lrn_rate_ft)",
    positiveNumber,
    GROUP_DEFAULTS.learningRate,
  )
  .option(
    "--retrain",
    "tune after every group as at the end, instead: all of --epochs (cp_retrain)",
  )
  .addOption(tuningOptions.learningRate)
  .addOption(tuningOptions.schedule)
  .addOption(tuningOptions.optimizer)
  .addOption(tuningOptions.momentum)
  .addOption(tuningOptions.weightDecay)
  .addOption(tuningOptions.labelSmoothing)
  .addOption(tuningOptions.shift)
  .addOption(tuningOptions.noFlip)
  .addOption(tuningOptions.validationImages)
  .addOption(tuningOptions.patience)
  .addOption(tuningOptions.resume)
  .optionsGroup("Data and output:")
  .addOption(batchSizeEvalOption)
  .addOption(noLabelsOption)
  .addOption(createLatencyOption());

/** `prune MODEL --data D --out DIR`. */
export const pruneCommand = addImageOptions(command)
  .addHelpText(
    "after",
    `
Every option may be written as PocketFlow writes it: --cp_prune_option=list is --prune-option list.

Example:
  deno task secateur prune cli/example/resnet8-fashion-mnist --data cli/example/fashion-mnist \\
    --out smaller --prune-option uniform --uniform-preserve-ratio 0.5 --nb-batches 30
`,
  )
  .action(async (model, flags) => {
    const call = invocation();
    const policy = await readPolicy(flags);
    const settings = {
      policy,
      select: selectionMethod(flags),
      shared: flags.shared,
      channelMultiple: channelMultiple(flags),
      skip: flags.skip,
      batches: flags.nbBatches,
      batchSize: flags.batchSize,
      pointsPerImage: flags.nbPointsPerLayer,
      ridge: flags.ridge,
      seed: flags.seed,
      statistics: flags.statistics,
      memoryBudget: flags.memory * 2 ** 20,
      verify: flags.verify,
      tuning: tuningOf(flags),
      resume: flags.resume,
      queue: queueOptions(flags),
    };
    if (settings.queue && policy.kind !== "auto") {
      throw new UsageError(
        `reading --queue and --prune-option ${policy.kind}: only auto has work for others; leave --queue out`,
      );
    }
    const keepsState = settings.tuning !== undefined || policy.kind === "auto";
    if (flags.resume && !keepsState) {
      throw new UsageError(
        "reading --resume: a run without search or tuning keeps no state to go on from; leave --resume out",
      );
    }
    await refuseExistingModel(flags.out, flags);
    const file = await openModel(model);
    const checkpoint = checkpointFolder(flags.out);
    keepAtInterrupt(() => describeKept(checkpoint, flags));
    const run = (more: Pick<PruneOptions, "signal" | "checkpoint"> = {}) =>
      withProgress((onProgress) =>
        call.prune({ ...dataOptions(model, flags, onProgress), ...settings, ...more, model: file })
      );
    const { file: pruned, report, answers, log } = keepsState
      ? await untilInterrupted((signal) => run({ signal, checkpoint }))
      : await run();
    const record = { ...describeCommand(), ...report };
    const outcome = {
      kind: "prune",
      model: file.path,
      out: flags.out,
      report,
      answers,
      search: log,
    } as const;
    const written = await foldIfAsked(withMaking(pruned, record), flags);
    const models = { before: file, after: written, latency: flags.latency };
    const extraFiles = await reportFiles(outcome, models, log && searchFiles(log));
    const { force, quantize } = flags;
    const saved = await untilInterrupted((signal) =>
      saveModel(flags.out, written, { force, quantize, extraFiles, signal })
    );
    await rm(checkpoint, { recursive: true }).catch(() => {});
    const bytes = { before: file.bytes, after: saved.bytes };
    call.print(
      flags.json
        ? JSON.stringify({ out: flags.out, bytes, ...record })
        : describeReport(report, bytes, flags.out),
    );
  });

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

interface PruneTuningFlags extends Omit<TuningFlags, "force" | "json"> {
  readonly enblDst?: boolean;
  readonly teacher?: string;
  readonly finetune?: boolean;
  readonly listGroup: number;
  readonly nbItersFtRatio: number;
  readonly lrnRateFt: number;
  readonly retrain?: boolean;
}

/** Tuning is on when an option asks for it. */
function tuningOf(flags: PruneTuningFlags): PruneTuning | undefined {
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
    onEpoch: describeEpoch,
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

function channelMultiple(
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
