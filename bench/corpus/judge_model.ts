import { basename, dirname, join } from "node:path";
import * as tf from "@tensorflow/tfjs";
import { openModel, pruneWithoutData, readModel, writeModel } from "../../src/mod.ts";
import { readChannelsFirst } from "../../src/formats/onnx/channels_first.ts";
import {
  disposeModel,
  type FrameFormat,
  instantiate,
  type ModelFile,
} from "../../src/model/mod.ts";
import { pinInputSize } from "../../src/graph/mod.ts";
import { differenceOf, type PlainTensor, runOnnx } from "../../test/formats/onnx/runtime.ts";
import { runLiteRt } from "../../test/formats/tflite/runtime.ts";
import {
  channelsFirst,
  channelsLast,
  listKernels,
  predict,
  requireStock,
  runGraph,
  runLayersModel,
} from "./runtimes.ts";

/** Share of the multiply–accumulates that stays. */
const SHARE = 0.5;

/** Rows and columns where a model leaves them open. */
const OPEN_SIZE = 64;

/** Largest difference that rounding explains, relative to the largest value of all outputs. */
const TOLERANCE = 1e-4;

/** What became of a model, by column; each is a figure, or why there is none. */
export interface Verdict {
  readonly layers: string;
  readonly pruned: string;
  /**
   * What the runtime of its format makes of the file as it was given, against the layers; with a tail against the graph that is
   * written of them.
   */
  readonly given: string;
  /**
   * Outputs of the model and of the pruned one in stock TensorFlow.js, ONNX Runtime and LiteRT, against those of the layers, by
   * format: the largest difference, relative to the largest value.
   */
  readonly formats: Readonly<Record<Format, string>>;
}

export const FORMATS = ["graph", "layers", "keras", "onnx", "tflite"] as const;

export type Format = typeof FORMATS[number];

/**
 * Reads a model, prunes it to a half without data, writes both in every format, and holds what runtimes make of these against
 * what TensorFlow.js makes of the layers.
 *
 * @param path The model.
 * @returns What became of it.
 * @throws {InputError} When it is not read.
 * @throws {Error} When one of our kernels has taken the place of a stock one.
 */
export async function judgeModel(path: string): Promise<Verdict> {
  const stock = listKernels();
  const original = pinInputSize(await openModel(path), [OPEN_SIZE, OPEN_SIZE]);
  const steps = original.topology.config.layers!
    .filter(({ class_name: className }) => className === "Operation").length;
  const tail = original.frame?.tail?.nodes.length ?? 0;
  const layers = [
    `${original.topology.config.layers!.length} layers`,
    ...(steps > 0 ? [`${steps} steps`] : []),
    ...(tail > 0 ? [`a tail of ${tail} nodes`] : []),
    ...(original.quantized ? [`stored as ${original.quantized}`] : []),
  ].join(", ");
  const { file, pruned } = await prune(original);
  const inputs = await drawInputs(original);
  const given = await attempt(async () =>
    describeDifference(await differenceFromGiven(path, original, inputs))
  );
  const formats: Partial<Record<Format, string>> = {};
  for (const format of FORMATS) {
    formats[format] = await attempt(async () => {
      const differences = [];
      for (const each of new Set([original, file])) {
        differences.push(await differenceIn(format, each, inputs));
      }
      const known = differences.filter((difference) => difference !== undefined);
      return known.length === 0 ? "opened" : describeDifference(Math.max(...known));
    });
  }
  requireStock(stock);
  return { layers, pruned, given, formats: formats as Record<Format, string> };
}

function describeDifference(difference: number): string {
  return difference <= TOLERANCE
    ? difference.toExponential(0)
    : `**differs by ${difference.toPrecision(2)}**`;
}

/** What a file gives as it is in the runtime of its format, against what was read of it. */
async function differenceFromGiven(
  path: string,
  file: ModelFile,
  inputs: readonly PlainTensor[],
): Promise<number> {
  if (path.endsWith(".onnx")) {
    const bytes = await Deno.readFile(path);
    const found = await runAsOnnx(bytes, file, inputs)
      // The channels of its images may be last, as in files of Keras.
      .catch(() => runOnnx(bytes, inputs));
    return differenceOf(found, await (file.frame ? RUNTIMES.onnx : run)(file, inputs));
  }
  if (path.endsWith(".tflite")) {
    const found = await runLiteRt(await Deno.readFile(path), inputs);
    return differenceOf(found, await (file.frame ? RUNTIMES.tflite : run)(file, inputs));
  }
  const { weightsManifest, format } = JSON.parse(await Deno.readTextFile(path));
  const names = (weightsManifest as { paths: string[] }[]).flatMap(({ paths }) => paths);
  const files = new Map<string, Uint8Array>();
  for (const name of [basename(path), ...names]) {
    files.set(name, await Deno.readFile(join(dirname(path), name)));
  }
  if (format !== "graph-model") {
    const found = await runLayersModel(files, inputs, basename(path));
    return differenceOf(found, await run(file, inputs));
  }
  return differenceOf(
    await runGraph(files, inputs, basename(path)),
    await RUNTIMES.graph(file, inputs),
  );
}

/** What ONNX Runtime makes of a file, with the axes of the layers. */
async function runAsOnnx(
  bytes: Uint8Array,
  { metadata }: ModelFile,
  given: readonly PlainTensor[],
): Promise<PlainTensor[]> {
  const { inputs, outputs } = readChannelsFirst(metadata);
  return channelsLast(await runOnnx(bytes, channelsFirst(given, inputs)), outputs);
}

/** What the formats are called that have a place for a tail. */
const FRAME_FORMATS: Readonly<Partial<Record<Format, FrameFormat>>> = {
  graph: "graph-model",
  onnx: "onnx",
  tflite: "tflite",
};

/** How the outputs of a model in some format differ; undefined where its tail makes all of them. */
async function differenceIn(
  format: Format,
  file: ModelFile,
  inputs: readonly PlainTensor[],
): Promise<number | undefined> {
  const wanted = await run(file, inputs);
  const found = await RUNTIMES[format](file, inputs);
  const direct = FRAME_FORMATS[format] === file.frame?.format
    ? outputsOfLayers(file, found, wanted)
    : [found, wanted];
  return direct[0].length === 0 ? undefined : differenceOf(direct[0], direct[1]);
}

async function prune(original: ModelFile): Promise<{ file: ModelFile; pruned: string }> {
  try {
    const policy = { kind: "budget", share: SHARE } as const;
    const { file, report } = await pruneWithoutData({ model: original, policy });
    const share = report.macs.after / report.macs.before;
    return { file, pruned: `${Math.round(100 * share)} %` };
  } catch (error) {
    return { file: original, pruned: reasonOf(error) };
  }
}

async function attempt(work: () => Promise<string>): Promise<string> {
  try {
    return await work();
  } catch (error) {
    return reasonOf(error);
  }
}

/** Why something was not done, in few words. */
export function reasonOf(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return text.replace(/^(reading|writing) \S+( (as|for) [^:]+)?: /, "").replaceAll("|", "/")
    .replaceAll(/\s+/g, " ").slice(0, 110);
}

async function drawInputs(file: ModelFile): Promise<PlainTensor[]> {
  const model = await instantiate(file);
  const inputs = model.inputs.map(({ shape }, index) => {
    const extents = [1, ...shape.slice(1).map((extent) => extent ?? OPEN_SIZE)];
    return tf.tidy(() => ({
      shape: extents,
      values: tf.randomUniform(extents, 0, 1, "float32", 7 + index).dataSync<"float32">().slice(),
    }));
  });
  disposeModel(model);
  return inputs;
}

async function run(file: ModelFile, inputs: readonly PlainTensor[]): Promise<PlainTensor[]> {
  const model = await instantiate(file);
  try {
    return predict(model, inputs);
  } finally {
    disposeModel(model);
  }
}

/** Of the outputs of a graph those that no tail makes, and what the layers make of them. */
function outputsOfLayers(
  { frame }: ModelFile,
  found: readonly PlainTensor[],
  wanted: readonly PlainTensor[],
): [PlainTensor[], PlainTensor[]] {
  if (frame === undefined) return [[...found], [...wanted]];
  const direct = frame.outputs.flatMap(({ place }, index) =>
    place === undefined ? [] : [[index, place]]
  );
  return [direct.map(([index]) => found[index]), direct.map(([, place]) => wanted[place])];
}

/** What is made of a model in some format by a runtime that knows it. */
const RUNTIMES: Readonly<
  Record<Format, (file: ModelFile, inputs: readonly PlainTensor[]) => Promise<PlainTensor[]>>
> = {
  graph: async (file, inputs) =>
    await runGraph(
      await writeModel("model", file, { format: "graph", quantize: "float32" }),
      inputs,
    ),
  layers: async (file, inputs) =>
    await runLayersModel(await writeModel("model", file, { quantize: "float32" }), inputs),
  keras: async (file, inputs) => {
    const files = await writeModel("model.keras", file, { quantize: "float32" });
    return await run(await readModel("model.keras", files), inputs);
  },
  onnx: async (file, inputs) => {
    const files = await writeModel("model.onnx", file, { quantize: "float32" });
    return await runAsOnnx(files.get("model.onnx")!, file, inputs);
  },
  tflite: async (file, inputs) => {
    const files = await writeModel("model.tflite", file, { quantize: "float32" });
    const bytes = files.get("model.tflite")!;
    return await runLiteRt(bytes, inputs);
  },
};
