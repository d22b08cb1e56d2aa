import { stat } from "node:fs/promises";
import { Command } from "@commander-js/extra-typings";
import project from "../../deno.json" with { type: "json" };
import {
  calibrateToFile,
  type CalibrateToFileResult,
  CALIBRATION_DEFAULTS,
  refuseExistingFile,
  type ShardQueue,
} from "../../src/mod.ts";
import {
  addImageOptions,
  dataOption,
  dataOptions,
  noLabelsOption,
} from "../options/data_options.ts";
import { keepAtInterrupt, untilInterrupted } from "../interrupt.ts";
import { positiveInteger, shard } from "../options/parsers.ts";
import { describeGathering } from "../output/forecast.ts";
import { say } from "../output/messages.ts";
import { withProgress } from "../output/progress.ts";
import {
  attemptsOption,
  blobsOption,
  type QueueFlags,
  queueOption,
  queueOptions,
} from "../options/queue_options.ts";
import {
  batchesOption,
  createBatchSizeOption,
  createSeedOption,
  pointsOption,
  samplingSettings,
} from "../options/sampling_options.ts";
import { quoteArguments, typedArguments } from "../normalize_arguments.ts";
import { formatBytes } from "../output/table.ts";
import { UsageError } from "../usage_error.ts";
import type { Outputs } from "../output/outputs.ts";

const command = new Command("calibrate")
  .argument("<model>", "model.json or its folder, .keras, .h5, .onnx or .tflite")
  .addOption(dataOption)
  .requiredOption("--out <file>", "file for the statistics (safetensors)")
  .option("--force", "replace the file that stands in --out")
  .option(
    "--shard <k/n>",
    "look at the k-th of n parts of the images; `merge` adds them up",
    shard,
  )
  .addOption(queueOption)
  .addOption(blobsOption)
  .addOption(attemptsOption)
  .option(
    "--shards <n>",
    "into how many parts the images are cut, with --queue; every part is a job",
    positiveInteger,
  )
  .addOption(batchesOption)
  .addOption(createBatchSizeOption("; the product alone matters"))
  .addOption(pointsOption)
  .addOption(createSeedOption())
  .option(
    "--memory <MiB>",
    "sums of one pass over the images, over all workers; other layers wait for another pass",
    positiveInteger,
    CALIBRATION_DEFAULTS.memoryBudget / 2 ** 20,
  )
  .addOption(noLabelsOption);

/** `calibrate MODEL --data D --out FILE`. */
export const calibrateCommand = addImageOptions(command)
  .addHelpText(
    "after",
    `
The model, the data, the preprocessing, the images, the positions and the seed are noted in the file;
\`prune --statistics FILE\` takes it for the same ones alone.

Example:
  deno task secateur calibrate cli/example/resnet8-fashion-mnist --data cli/example/fashion-mnist \\
    --nb-batches 30 --shard 1/2 --out half1.safetensors
  deno task secateur calibrate cli/example/resnet8-fashion-mnist --data cli/example/fashion-mnist \\
    --nb-batches 30 --shard 2/2 --out half2.safetensors
`,
  )
  .action(async (model, flags) => {
    const { out, force, shard, json } = flags;
    const queue = shardQueue(flags);
    await refuseExistingFile(out, force);
    keepAtInterrupt(() =>
      "nothing was written; give the same command again, or gather in parts with --shard k/n"
    );
    const found = await untilInterrupted((signal) =>
      withProgress((onProgress) =>
        calibrateToFile(out, {
          ...dataOptions(model, flags, onProgress),
          shard,
          queue,
          signal,
          ...samplingSettings(flags),
          memoryBudget: flags.memory * 2 ** 20,
          onForecast: (forecast) => say(describeGathering(forecast)),
        })
      )
    );
    const { size: bytes } = await stat(out);
    const { statistics, layers, report } = found;
    const record = { version: project.version, command: quoteArguments(typedArguments), ...report };
    console.log(
      json
        ? JSON.stringify(
          { out, bytes, ...statistics, layers, ...record } satisfies Outputs["calibrate"],
        )
        : describe(found, bytes, out),
    );
  });

function shardQueue(
  { shards, shard, ...flags }: QueueFlags & { shards?: number; shard?: unknown },
): ShardQueue | undefined {
  const queue = queueOptions(flags);
  if (!queue !== (shards === undefined)) {
    throw new UsageError(
      "reading --queue and --shards: wanted both, or neither; give the other one too",
    );
  }
  if (queue && shard) {
    throw new UsageError("reading --queue and --shard: the former does all shards; give one");
  }
  return queue && { ...queue, shards: shards! };
}

function describe(
  { layers, statistics: { shards: { of, have }, identity }, report }: CalibrateToFileResult,
  bytes: number,
  out: string,
): string {
  const { images, seconds, workers } = report;
  return [
    `layers      ${layers.length}`,
    `images      ${images.shard} of ${images.all}, shard ${have.join(", ")} of ${of}`,
    `time        ${seconds.toFixed(1)} s`,
    `repeat with --seed ${identity.seed} --workers ${workers}`,
    ...(images.all < images.wanted
      ? [`note: the train split has fewer images than the ${images.wanted} asked for`]
      : []),
    ...images.unreadableReasons.map((reason) => `note: skipped an image: ${reason}`),
    `written to ${out} (${formatBytes(bytes)})`,
  ].join("\n");
}
