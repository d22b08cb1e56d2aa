import { Command, Option } from "@commander-js/extra-typings";
import {
  benchmark,
  type BenchmarkedModel,
  type BenchmarkReport,
  type Timing,
} from "../../src/mod.ts";
import { inputSizeOption, jsonOption } from "../options/data_options.ts";
import { latencyBatchOption, roundsOption } from "../options/latency_options.ts";
import { describeSizes } from "../output/sizes.ts";
import { withProgress } from "../output/progress.ts";
import { formatBytes, formatCount, formatTable } from "../output/table.ts";
import type { Outputs } from "../output/outputs.ts";

/** `bench MODEL [MODEL…]`. */
export const benchCommand = new Command("bench")
  .argument(
    "<models...>",
    "model.json or its folder, .keras, .h5, .onnx or .tflite; the first is what others are compared with",
  )
  .addOption(latencyBatchOption)
  .addOption(roundsOption)
  .addOption(new Option("--no-layers", "do not time layers one by one"))
  .addOption(inputSizeOption)
  .addOption(jsonOption)
  .addHelpText(
    "after",
    "\nExample:\n  deno task secateur bench cli/example/resnet8-fashion-mnist --batch-size 8\n",
  )
  .action(async (models, { batchSize, rounds, layers, inputSize, json }) => {
    const report = await withProgress((onProgress) =>
      benchmark({ models, batchSize, rounds, layers, inputSize, onProgress })
    );
    console.log(json ? JSON.stringify(report satisfies Outputs["bench"]) : describe(report));
  });

function describe({ batchSize, rounds, models, countedFor }: BenchmarkReport): string {
  return [
    `One thread, batches of ${batchSize}, ${rounds} rounds in turns; milliseconds are minimum / median / maximum.`,
    ...(countedFor ? [`Inputs are of ${describeSizes(countedFor.inputs)}.`] : []),
    "",
    describeModels(models),
    ...models.filter(({ layers }) => layers).flatMap((model) => ["", describeLayers(model)]),
  ].join("\n");
}

function describeModels(models: readonly BenchmarkedModel[]): string {
  return formatTable(
    [
      "model",
      "stock, ms",
      "of first",
      "Secateur, ms",
      "of first",
      "MACs",
      "params",
      "file",
      "memory",
    ],
    models.map(({ path, bytes, params, macs, memory, stock, secateur }) => [
      path,
      formatTiming(stock),
      formatRelative(stock),
      formatTiming(secateur),
      formatRelative(secateur),
      formatCount(macs),
      formatCount(params),
      formatBytes(bytes),
      formatBytes(memory.weights + memory.activations),
    ]),
  );
}

function formatTiming({ minimum, median, maximum }: Timing): string {
  return [minimum, median, maximum].map(formatMilliseconds).join(" / ");
}

function formatRelative({ relative }: Timing): string {
  return relative.median.toFixed(3);
}

function formatMilliseconds(time: number): string {
  return time >= 100 ? time.toFixed(0) : time.toFixed(2);
}

function describeLayers({ path, layers = [] }: BenchmarkedModel): string {
  const table = formatTable(
    ["layer", "class", "stock, ms", "Secateur, ms"],
    layers.map((layer) => [
      layer.name,
      layer.className,
      formatMilliseconds(layer.stock),
      formatMilliseconds(layer.secateur),
    ]),
  );
  return `${path}, every layer by itself:\n\n${table}`;
}
