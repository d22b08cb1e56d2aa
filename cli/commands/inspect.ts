import { Command, Option } from "@commander-js/extra-typings";
import { inspect, type InspectReport } from "../../src/mod.ts";
import {
  inputSizeOption,
  jsonOption,
  optionalDataOption,
  workersOption,
} from "../options/data_options.ts";
import { positiveInteger } from "../options/parsers.ts";
import { createSharedOption } from "../options/shared_option.ts";
import { adaptHelp } from "../output/adapt_help.ts";
import { formatDuration } from "../output/progress.ts";
import { describeSizes } from "../output/sizes.ts";
import { formatBytes, formatCount, formatTable } from "../output/table.ts";
import type { Outputs } from "../output/outputs.ts";

/** `inspect MODEL`. */
export const inspectCommand = new Command("inspect")
  .argument("<model>", "model.json or its folder, .keras, .h5, .onnx or .tflite")
  .addOption(createSharedOption().default("select" as const))
  .addOption(optionalDataOption)
  .addOption(inputSizeOption)
  .addOption(
    new Option("--images <count>", "images that the estimate of time and memory is for")
      .argParser(positiveInteger).default(500),
  )
  .addOption(workersOption)
  .addOption(jsonOption)
  .addHelpText(
    "after",
    "\nExample:\n  deno task secateur inspect cli/example/resnet8-fashion-mnist\n",
  )
  .action(async (model, { json, ...options }) => {
    const report = await inspect({ model, ...options });
    console.log(json ? JSON.stringify(report satisfies Outputs["inspect"]) : describe(report));
  });

function describeInputs({ inputs }: InspectReport): string {
  const sizes = inputs.map(({ shape }) => shape.map((size) => size ?? "?").join("x"));
  if (inputs.length === 1) return `input ${sizes[0]}`;
  return `inputs ${inputs.map(({ name }, index) => `${name} ${sizes[index]}`).join(", ")}`;
}

/** What MACs are counted for, where the model does not say. */
function describeCount({ countedFor, isPerPosition }: InspectReport): string {
  if (isPerPosition) {
    return " at a single position, since the model leaves the size of its inputs open (give --input-size)";
  }
  if (countedFor === undefined) return "";
  const found = ` for ${describeSizes(countedFor.inputs)}`;
  switch (countedFor.source) {
    case "given":
      return found;
    case "metadata":
      return `${found} (as its metadata say)`;
    case "data":
      return `${found} (as the images of the data set)`;
    case "assumed":
      return `${found} (assumed: the model leaves the size open, give --input-size or --data)`;
  }
}

function describeEstimate({ estimate }: InspectReport): string[] {
  if (estimate === undefined) return [];
  const { images, threads, seconds, bytes } = estimate;
  const on = threads === 1 ? "one thread" : `${threads} threads`;
  const needs = `${formatDuration(seconds)} and ${formatBytes(bytes)}`;
  return [
    adaptHelp(
      `Pruning it by a budget with ${images} images on ${on} takes about ${needs} (docs/size.md)`,
    ),
  ];
}

/** Operations of a tail that are named; further ones are counted. */
const MOST_OPERATIONS = 8;

function describeTail({ tail = [] }: InspectReport): string[] {
  if (tail.length === 0) return [];
  const operations = [...new Set(tail.map(({ operator }) => operator))];
  const named = operations.slice(0, MOST_OPERATIONS).join(", ");
  const rest = operations.length - MOST_OPERATIONS;
  return [
    "",
    `Behind the layers ${tail.length} nodes are kept as they are (${named}${
      rest > 0 ? ` and ${rest} more` : ""
    }); they are written back into the format that they came from`,
  ];
}

function describe(report: InspectReport): string {
  const layers = formatTable(
    ["place", "layer", "class", "output", "MACs", "params", "inputs", "cut"],
    report.layers.map((layer) => [
      layer.place,
      layer.name,
      layer.className,
      layer.outputShape.map((size) => size ?? "?").join("x"),
      formatCount(layer.macs),
      formatCount(layer.params),
      layer.channels,
      layer.mode,
    ]),
  );
  const reasons = report.layers.flatMap(({ name, reason }) =>
    reason ? [`${name} stays whole: ${reason}`] : []
  );
  const spaces = formatTable(
    ["space", "channels", "made by", "read by", "kept whole because"],
    report.spaces.map((space) => [
      space.id,
      space.channels,
      space.producers.join("\n"),
      space.consumers.join("\n"),
      space.frozen,
    ]),
  );
  return [
    `${report.name}, ${describeInputs(report)}`,
    `${formatCount(report.macs)} MACs (${formatCount(report.convMacs)} in convolutions)` +
    `${describeCount(report)}, ` +
    `${formatCount(report.params)} parameters, ${formatBytes(report.bytes)}`,
    ...describeEstimate(report),
    "",
    "Layers in graph order; `place` is a convolution's entry in a ratio list (the last stays whole):",
    "",
    layers,
    ...describeTail(report),
    "",
    "private: nobody else reads these channels, and they leave both sides",
    "select: others read them too, and a selector in front of the layer keeps its own choice",
    "couple: others read them too, and all lose the same ones",
    ...reasons,
    "",
    "Channel spaces (what can only be cut together):",
    "",
    spaces,
  ].join("\n");
}
