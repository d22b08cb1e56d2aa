import { Command, Option } from "@commander-js/extra-typings";
import {
  benchmark,
  BENCHMARK_DEFAULTS,
  type BenchmarkedModel,
  type BenchmarkReport,
  type RuntimeName,
  type Timing,
} from "../../src/mod.ts";
import { inputSizeOption, jsonOption } from "../options/data_options.ts";
import { latencyBatchOption, roundsOption } from "../options/latency_options.ts";
import { describeSizes } from "../output/sizes.ts";
import { nameList } from "../options/parsers.ts";
import { withProgress } from "../output/progress.ts";
import { formatBytes, formatCount, formatTable } from "../output/table.ts";
import type { Outputs } from "../output/outputs.ts";

/** `bench MODEL [MODEL…]`. */
export const benchCommand = new Command("bench")
  .argument(
    "<models...>",
    "model.json or its folder, .keras, .h5, .onnx or .tflite; the first is what others are compared with",
  )
  .addOption(
    new Option(
      "--runtime <names>",
      "what runs the models, with commas between: tfjs-wasm, secateur, and onnxruntime-web or litert, where onnxruntime-web or @litertjs/core is installed",
    ).argParser((text) => nameList(text) as RuntimeName[]).default(
      [...BENCHMARK_DEFAULTS.runtimes] as RuntimeName[],
      BENCHMARK_DEFAULTS.runtimes.join(),
    ),
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
  .action(async (models, { runtime: runtimes, batchSize, rounds, layers, inputSize, json }) => {
    const report = await withProgress((onProgress) =>
      benchmark({ models, runtimes, batchSize, rounds, layers, inputSize, onProgress })
    );
    console.log(json ? JSON.stringify(report satisfies Outputs["bench"]) : describe(report));
  });

function describe(report: BenchmarkReport): string {
  const { batchSize, rounds, runtimes, models, countedFor } = report;
  return [
    `One thread, batches of ${batchSize}, ${rounds} rounds in turns; milliseconds are minimum / median / maximum.`,
    `${runtimes.map(({ name, version }) => `${name}: ${version}`).join(". ")}.`,
    ...(countedFor ? [`Inputs are of ${describeSizes(countedFor.inputs)}.`] : []),
    "",
    describeModels(report),
    ...models.filter(({ layers }) => layers)
      .flatMap((model) => ["", describeLayers(model, runtimes)]),
  ].join("\n");
}

function describeModels({ models, runtimes }: BenchmarkReport): string {
  return formatTable(
    [
      "model",
      ...runtimes.flatMap(({ name }) => [`${name}, ms`, "of first"]),
      "MACs",
      "params",
      "file",
      "memory",
    ],
    models.map(({ path, bytes, params, macs, memory, latency }) => [
      path,
      ...runtimes.flatMap(({ name }) => [
        formatTiming(latency[name]!),
        formatRelative(latency[name]!),
      ]),
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

function describeLayers(
  { path, layers = [] }: BenchmarkedModel,
  runtimes: BenchmarkReport["runtimes"],
): string {
  const table = formatTable(
    ["layer", "class", ...runtimes.map(({ name }) => `${name}, ms`)],
    layers.map(({ name, className, milliseconds }) => [
      name,
      className,
      ...runtimes.map((runtime) => formatMilliseconds(milliseconds[runtime.name]!)),
    ]),
  );
  return `${path}, every layer by itself:\n\n${table}`;
}
