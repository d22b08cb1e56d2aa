import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs";
import { openModel } from "../../src/formats/open_model.ts";
import { saveModel } from "../../src/formats/save_model.ts";
import { inlineModels } from "../../src/graph/opening/inline_models.ts";
import { noCuts, shrinkGraph } from "../../src/graph/cuts/surgery.ts";
import { nodeKeyOf } from "../../src/graph/layer_graph.ts";
import type { SharedMode } from "../../src/graph/cuts/readers.ts";
import { writeGraph } from "../../src/graph/write_graph.ts";
import { inspect, type InspectReport, type LayerDescription } from "../../src/api/inspect.ts";
import { disposeModel, instantiate } from "../../src/model/instantiate.ts";
import type { ModelFile } from "../../src/model/model_file.ts";
import {
  assertClose,
  assertMaskedEqualsShrunk,
  type OpenedNetwork,
  openSplit,
  randomCuts,
  randomInputs,
  runMasked,
} from "../graph/masked.ts";
import { findInputs } from "../../src/model/topology.ts";
import { differenceOf, randomMaps, runLayers, runOnnx } from "../formats/onnx/runtime.ts";
import { runLiteRt } from "../formats/tflite/runtime.ts";
import { runTfjs } from "../support/run_tfjs.ts";

/** Outputs may differ by this, relative to their largest value where that is above 1. */
export const TOLERANCE = 1e-4;

const READERS = new Set(["Conv1D", "Conv2D", "Conv2DTranspose", "Dense"]);

/** The convolutions and Dense layers of a report, without those that only select channels. */
export function readersOf({ layers }: InspectReport): LayerDescription[] {
  return layers.filter(({ className, name }) =>
    READERS.has(className) && !name.startsWith("selector")
  );
}

/** Inspects a model; every convolution and Dense layer can be cut in some way, or a reason says why not. */
export async function assertInspected(file: ModelFile, shared: SharedMode): Promise<InspectReport> {
  const report = await inspect({ model: file, shared });
  for (const { name, mode, reason } of readersOf(report)) {
    assert.ok(mode, `${name} is listed without a mode`);
    assert.equal(mode === "whole", reason !== undefined, `${name}: ${mode}, ${reason}`);
  }
  return report;
}

/** Runs a check on a model, nested models taken apart as every command does it, and frees it. */
export async function withNetwork(
  file: ModelFile,
  check: (network: OpenedNetwork) => Promise<void>,
): Promise<void> {
  const before = tf.memory().numTensors;
  const network = await openSplit(inlineModels(file));
  await check(network);
  disposeModel(network.model);
  assert.equal(tf.memory().numTensors, before);
}

/**
 * After random cuts the masked network gives what the shrunk one gives.
 *
 * @returns How many channels were cut or deselected, and by how much that changed the outputs.
 */
export async function assertCutsAgree(
  network: OpenedNetwork,
  { seed, select }: { seed: number; select: boolean },
): Promise<{ cut: number; change: number }> {
  const { graph, map, model } = network;
  const cuts = randomCuts(graph, map, { seed, select });
  const images = randomInputs(model, 2, seed);
  await assertMaskedEqualsShrunk(network, cuts, images, TOLERANCE);
  const change = tf.tidy(() => {
    const whole = [model.predict(images)].flat();
    const masked = runMasked(network, cuts, images);
    const changes = whole.map((output, index) => tf.max(tf.abs(tf.sub(output, masked[index]))));
    return Math.max(...changes.map((each) => each.arraySync() as number));
  });
  tf.dispose(images);
  let cut = cuts.removed.reduce((sum, flag) => sum + flag, 0);
  for (const [key, kept] of cuts.selections) {
    const { inputs } = graph.nodes.find((node) => node.key === key)!;
    cut += map.layouts.get(nodeKeyOf(inputs[0]))!.length - kept.length;
  }
  return { cut, change };
}

/** Surgery that keeps all channels, and selectors that select all of them, change nothing. */
export async function assertKeepsAll(network: OpenedNetwork): Promise<void> {
  const { graph, map, model, file } = network;
  const images = randomInputs(model, 2);
  const wanted = [model.predict(images)].flat();
  const masked = runMasked(network, noCuts(map), images);
  assertClose(masked, wanted, TOLERANCE);
  const everything = graph.nodes
    .filter(({ key, className }) =>
      className === "Conv2D" && map.rules.get(key)!.kind === "convolution"
    )
    .map(({ key, inputs }) =>
      [key, Int32Array.from(map.layouts.get(nodeKeyOf(inputs[0]))!.keys())] as const
    );
  for (const selections of [new Map<string, Int32Array>(), new Map(everything)]) {
    const same = shrinkGraph(graph, map, { ...noCuts(map), selections });
    const again = await instantiate(writeGraph(same, file));
    const found = [again.predict(images)].flat();
    assertClose(found, wanted, TOLERANCE);
    tf.dispose(found);
    disposeModel(again);
  }
  tf.dispose([images, wanted, masked]);
}

/** Random images, N × C × H × W, and vectors for a model that states its inputs. */
export async function inputsOf(file: ModelFile) {
  const model = await instantiate(file);
  const shapes = model.inputs.map(({ shape }) => shape.slice(1).map((extent) => extent ?? 8));
  disposeModel(model);
  return shapes.map((shape, index) => {
    const turned = shape.length === 3 ? [shape[2], shape[0], shape[1]] : shape;
    return randomMaps([2, ...turned], index + 1);
  });
}

/** A model written to a path and opened again gives the same outputs. */
export async function assertRoundTrip(file: ModelFile, path: string): Promise<void> {
  await saveModel(path, file);
  const images = await inputsOf(file);
  const wanted = await runLayers(file, images);
  const difference = differenceOf(await runLayers(await openModel(path), images), wanted);
  assert.ok(difference < TOLERANCE, `${path} read back differs by ${difference}`);
}

/** ONNX Runtime makes of a written file what TensorFlow.js makes of the model. */
export async function assertSameInOnnxRuntime(file: ModelFile, path: string): Promise<void> {
  const images = await inputsOf(file);
  const wanted = await runLayers(file, images);
  const difference = differenceOf(await runOnnx(await Deno.readFile(path), images), wanted);
  assert.ok(difference < TOLERANCE, `ONNX Runtime differs by ${difference}`);
}

/** LiteRT makes of a written file what TensorFlow.js makes of the model, one image at a time; it takes no open sizes. */
export async function assertSameInLiteRt(file: ModelFile, path: string): Promise<void> {
  const isOpen = findInputs(file.topology).some(({ shape = [] }) => shape.slice(1).includes(null));
  if (isOpen) return;
  const images = (await inputsOf(file)).map(({ shape, values }) => {
    const [, channels, ...size] = shape;
    const turned = size.length === 2 ? [1, ...size, channels] : [1, ...shape.slice(1)];
    return { shape: turned, values: values.slice(0, values.length / shape[0]) };
  });
  const wanted = await runTfjs(file, images);
  const difference = differenceOf(await runLiteRt(await Deno.readFile(path), images), wanted);
  assert.ok(difference < TOLERANCE, `LiteRT differs by ${difference}`);
}
