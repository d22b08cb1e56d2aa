import { networkNames, refuseExistingModel, train, type TrainOptions } from "../src/mod.ts";
import { keepAtInterrupt, untilInterrupted } from "./interrupt.ts";
import type { TrainFlags } from "./options/train_options.ts";
import {
  checkpointFolder,
  describeState,
  tuningSettings,
  writeTuning,
  type WrittenTuning,
} from "./options/tuning_options.ts";
import { describeEpoch } from "./output/epoch.ts";
import { describeTraining } from "./output/forecast.ts";
import { say } from "./output/messages.ts";
import { withProgress } from "./output/progress.ts";
import { UsageError } from "./usage_error.ts";

/**
 * Trains a new network and writes it with its report. It says on standard error how that goes, and prints nothing.
 *
 * @param flags Values of the options of `train`.
 * @param onNetwork Receives the network before it is trained.
 * @returns What was found and written.
 * @throws {UsageError} When no network is named, or two are.
 * @throws {InputError} When the images cannot be used, or a model stands in the way.
 * @throws {InterruptError} When an interrupt ends it.
 */
export async function runTrain(
  flags: TrainFlags,
  onNetwork?: TrainOptions["onNetwork"],
): Promise<WrittenTuning> {
  const net = networkOf(flags);
  await refuseExistingModel(flags.out, flags);
  keepAtInterrupt(() => describeState(checkpointFolder(flags.out)));
  const outcome = await untilInterrupted((signal) =>
    withProgress((onProgress) =>
      train({
        ...tuningSettings(flags),
        net,
        data: flags.data,
        inputSize: flags.inputSize,
        batchSizeEval: flags.batchSizeEval,
        badImageShare: flags.maxBadImages,
        workers: flags.workers,
        onProgress,
        onForecast: (forecast) => say(describeTraining(forecast)),
        onEpoch: describeEpoch,
        onNetwork,
        signal,
      })
    )
  );
  return await writeTuning(outcome, { kind: "train", net }, flags);
}

function networkOf({ net, resnetSize }: { net?: string; resnetSize?: number }): string {
  const sized = resnetSize === undefined ? undefined : `resnet${resnetSize}`;
  if (net !== undefined && sized !== undefined && net !== sized) {
    throw new UsageError(
      `reading --net ${net} and --resnet-size ${resnetSize}: found both, which disagree; give one of them`,
    );
  }
  const name = net ?? sized;
  if (name === undefined) {
    throw new UsageError(
      `reading --net: found none, wanted one of ${
        networkNames.join(", ")
      }; give --net or --resnet-size`,
    );
  }
  return name;
}
