import process from "node:process";
import { Command, Option } from "@commander-js/extra-typings";
import { check, type CheckReport, type LimitResult, parseLimits, toJUnit } from "../../src/mod.ts";
import {
  addImageOptions,
  batchSizeEvalOption,
  imageOptions,
  optionalDataOption,
} from "../options/data_options.ts";
import { latencyBatchOption, roundsOption } from "../options/latency_options.ts";
import { describeSizes } from "../output/sizes.ts";
import { withProgress } from "../output/progress.ts";
import { readTextFile, writeTextFile } from "../text_files.ts";
import type { Outputs } from "../output/outputs.ts";

const FAILED = 1;

const command = new Command("check")
  .argument("<model>", "model.json or its folder, .keras, .h5, .onnx or .tflite")
  .addOption(
    new Option(
      "--budget <file>",
      'JSON with one or more of bytes, params, macs, convMacs, latency (ms), latencyShare, accuracy, accuracyDrop and outputError, as {"bytes": 600000, "accuracyDrop": 0.01}',
    ).makeOptionMandatory(),
  )
  .addOption(
    new Option(
      "--reference <model>",
      "what latencyShare, accuracyDrop and outputError compare with: the model before pruning",
    ),
  )
  .addOption(optionalDataOption)
  .addOption(latencyBatchOption)
  .addOption(roundsOption)
  .addOption(new Option("--junit <file>", "write the outcome as JUnit XML as well"))
  .addOption(batchSizeEvalOption);

/** `check MODEL --budget budget.json`. */
export const checkCommand = addImageOptions(command)
  .addHelpText(
    "after",
    "\nExample:\n  deno task secateur check cli/example/resnet8-fashion-mnist --budget cli/example/budget.json\n",
  )
  .action(async (model, flags) => {
    const limits = parseLimits(
      await readTextFile("--budget", flags.budget, "a JSON object of limits"),
      flags.budget,
    );
    const { reference, batchSize, rounds, junit } = flags;
    const report = await withProgress((onProgress) =>
      check({
        ...imageOptions(model, flags, onProgress),
        data: flags.data,
        limits,
        reference,
        batchSize,
        rounds,
      })
    );
    if (junit) await writeTextFile("--junit", junit, toJUnit(model, report.results, describe));
    console.log(
      flags.json ? JSON.stringify(report satisfies Outputs["check"]) : describeReport(report),
    );
    if (!report.holds) process.exitCode = FAILED;
  });

function describeReport({ results, countedFor }: CheckReport): string {
  const size = countedFor ? [`for inputs of ${describeSizes(countedFor.inputs)}:`] : [];
  return [...size, ...results.map(describe)].join("\n");
}

function describe({ name, meaning, side, limit, found, excess, holds }: LimitResult): string {
  const wanted = `wanted at ${side} ${limit}`;
  const by = holds ? "" : `, missed by ${formatFigure(excess)}`;
  return `${holds ? "ok  " : "FAIL"}  ${name}: found ${
    formatFigure(found)
  }, ${wanted}${by} (${meaning})`;
}

/** A figure with six significant digits; whole numbers as they are. */
function formatFigure(value: number): string {
  return Number.isInteger(value) ? String(value) : String(Number(value.toPrecision(6)));
}
