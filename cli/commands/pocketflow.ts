import { existsSync } from "node:fs";
import {
  checkRatios,
  evaluate,
  openModel,
  prune,
  type RatioPolicy,
  refuseExistingModel,
} from "../../src/mod.ts";
import { typedArguments } from "../normalize_arguments.ts";
import { dataOptions } from "../options/data_options.ts";
import { createPocketflowCommand } from "../options/pocketflow_options.ts";
import { readPolicy } from "../options/ratio_policy.ts";
import {
  checkpointFolder,
  describeTuning,
  printTuning,
  tuningRecord,
  type WrittenTuning,
} from "../options/tuning_options.ts";
import { describeEpoch } from "../output/epoch.ts";
import { printEvaluation } from "../output/evaluation.ts";
import { describeForecast, describeMeasuring } from "../output/forecast.ts";
import { say } from "../output/messages.ts";
import { withProgress } from "../output/progress.ts";
import { describeReport } from "../output/prune_report.ts";
import { findModel, refuseOtherNetwork } from "../pocketflow/standing_model.ts";
import { planPocketflow, type PocketflowPlan } from "../pocketflow/pocketflow_plan.ts";
import { channelMultiple, requireTuned, runPrune } from "../prune_run.ts";
import { runTrain } from "../train_run.ts";
import type { Outputs } from "../output/outputs.ts";

/** Whether the typed command goes on with an interrupted run, and prints JSON. */
interface RunFlags {
  readonly resume?: true;
  readonly json?: true;
}

/** `pocketflow SCRIPT --learner channel …`. */
export const pocketflowCommand = createPocketflowCommand()
  .addHelpText(
    "after",
    `
Flags are written as PocketFlow writes them or with dashes. docs/pocketflow.md has them all, and says what takes the
place of those that are refused.

Example:
  deno task secateur pocketflow resnet_at_cifar10 --learner channel --batch_size_eval 64 \\
    --cp_uniform_preserve_ratio 0.5 --cp_prune_option uniform --resnet_size 8 --nb_epochs_rat 0.1 \\
    --data_dir_local cli/example/fashion-mnist --validation-images 500 --cp_nb_batches 5
`,
  )
  .action(async (script, _flags, command) => {
    const plan = planPocketflow(script, command);
    if (plan.note !== undefined) say(plan.note);
    const { resume, json } = command.opts() as RunFlags;
    if (plan.goal === "eval") return await measure(plan, json);
    if (plan.goal === "train") {
      const training = { ...plan.training!, resume };
      return printTuning(await runTrain(training), { json });
    }
    await trainAndPrune(plan, { resume, json });
  });

async function measure({ model, pruning }: PocketflowPlan, json?: true): Promise<void> {
  const report = await withProgress((onProgress) =>
    evaluate({
      ...dataOptions(model, pruning, onProgress),
      split: "test",
      onForecast: (forecast) => say(describeMeasuring(forecast)),
    })
  );
  printEvaluation(report, { json });
}

async function trainAndPrune(plan: PocketflowPlan, flags: RunFlags): Promise<void> {
  const { model, pruning } = plan;
  await refuseExistingModel(pruning.out, pruning);
  const policy = await readPolicy(pruning);
  const trained = await trainWhereNoneStands(plan, policy, flags);
  if (trained && !flags.json) console.log(`${describeTuning(trained)}\n`);
  const goesOn = flags.resume && (!trained || existsSync(checkpointFolder(pruning.out)));
  const { report, provenance, bytes } = await withProgress((onProgress) =>
    runPrune(model, { ...pruning, resume: goesOn ? true : undefined }, {
      command: typedArguments,
      prune,
      onProgress,
      onEpoch: describeEpoch,
      onForecast: (forecast) => say(describeForecast(forecast)),
    })
  );
  const { out } = pruning;
  console.log(
    flags.json
      ? JSON.stringify(
        {
          out,
          bytes,
          ...provenance,
          ...report,
          ...(trained && { trained: tuningRecord(trained) }),
        } satisfies Outputs["pocketflow"],
      )
      : describeReport(report, bytes, out),
  );
  requireTuned(report, out);
}

/** The training that made the unpruned model; none where it stands already. The ratios are held against it first. */
async function trainWhereNoneStands(
  { training, pruning }: PocketflowPlan,
  policy: RatioPolicy,
  { resume }: RunFlags,
): Promise<WrittenTuning | undefined> {
  if (training === undefined) return undefined;
  if (findModel(training.out)) {
    refuseOtherNetwork(await openModel(training.out), training);
    say(`pruning the model that stands in ${training.out}`);
    return undefined;
  }
  const goesOn = resume && existsSync(checkpointFolder(training.out));
  return await runTrain(
    { ...training, resume: goesOn ? true : undefined },
    async (model) => {
      const { shared, skip, slowSelectors } = pruning;
      await checkRatios({
        ...{ model, policy, shared, skip, slowSelectors },
        channelMultiple: channelMultiple(pruning),
      });
    },
  );
}
