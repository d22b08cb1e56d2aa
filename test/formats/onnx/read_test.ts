import assert from "node:assert/strict";
import { findChannelSpaces } from "../../../src/graph/channels/channel_spaces.ts";
import { listReaders } from "../../../src/graph/cuts/readers.ts";
import { openNetwork } from "../../../src/graph/opening/network.ts";
import { startBackend } from "../../../src/kernels/backend.ts";
import { disposeModel } from "../../../src/model/instantiate.ts";
import { decodeOnnx } from "../../../src/formats/onnx/read/decode.ts";
import { readOnnx } from "../../../src/formats/onnx/read/read.ts";
import { writeOnnx } from "../../../src/formats/onnx/write/write.ts";
import { runTfjs } from "../../support/run_tfjs.ts";
import { differenceOf, randomMaps, runLayers, runOnnx } from "./runtime.ts";
import { kerasSketches } from "./keras_sketches.ts";
import { drawOpenSeries, series } from "./series.ts";
import { sketches } from "./sketches.ts";
import { spellings } from "./spellings.ts";
import { steps } from "./steps.ts";

const TOLERANCE = 1e-4;

await startBackend();

Deno.test("a network from PyTorch gives in TensorFlow.js what ONNX Runtime gives", async (t) => {
  for (const [name, build] of Object.entries({ ...sketches, ...spellings, ...series, ...steps })) {
    await t.step(name, async () => {
      const bytes = build();
      const images = [randomMaps([2, 3, 8, 8], 5), randomMaps([2, 3, 8, 8], 6)];
      const wanted = await runOnnx(bytes, images);
      const file = readOnnx(bytes, "sketch.onnx");
      const given = images.slice(0, file.topology.config.input_layers!.length);
      const difference = differenceOf(await runLayers(file, given), wanted);
      assert.ok(difference < TOLERANCE, `read: ${difference}`);
      const back = differenceOf(await runOnnx(writeOnnx(file), given), wanted);
      assert.ok(back < TOLERANCE, `written again: ${back}`);
    });
  }
});

Deno.test("a network from Keras, channels last, gives in TensorFlow.js what ONNX Runtime gives", async (t) => {
  for (const [name, build] of Object.entries(kerasSketches)) {
    await t.step(name, async () => {
      const bytes = build();
      const images = [randomMaps([2, 8, 8, 3], 5)];
      const wanted = await runOnnx(bytes, images);
      const file = readOnnx(bytes, "keras.onnx");
      const difference = differenceOf(await runTfjs(file, images), wanted);
      assert.ok(difference < TOLERANCE, `read: ${difference}`);
      const classes = file.topology.config.layers!.map(({ class_name }) => class_name);
      assert.ok(!classes.includes("Permute"), `${classes}`);
      const again = readOnnx(writeOnnx(file), "again.onnx");
      const back = differenceOf(await runTfjs(again, images), wanted);
      assert.ok(back < TOLERANCE, `written again and read: ${back}`);
    });
  }
});

Deno.test("series of any length have the same axes from ONNX to ONNX", async () => {
  const bytes = drawOpenSeries();
  const file = readOnnx(bytes, "series.onnx");
  const written = writeOnnx(file);
  const [before, after] = [bytes, written].map((each) => decodeOnnx(each, "series.onnx").graph);
  assert.equal(after.inputs[0].name, before.inputs[0].name);
  assert.deepEqual(after.inputs.map(({ shape }) => shape), [["N", 4, "P"]]);
  assert.deepEqual(after.outputs.map(({ shape }) => shape), [["N", 2, "P"], ["N", 6]]);
  const again = writeOnnx(readOnnx(written, "again.onnx"));
  for (const length of [8, 12]) {
    const given = [randomMaps([2, 4, length], 5)];
    const wanted = await runOnnx(bytes, given);
    for (const each of [written, again]) {
      const difference = differenceOf(await runOnnx(each, given), wanted);
      assert.ok(difference < TOLERANCE, `length ${length}: ${difference}`);
    }
  }
  const transposes = after.nodes.filter(({ operator }) => operator === "Transpose");
  assert.deepEqual(transposes, []);
});

Deno.test("the groups of a convolution are cut each by itself, their selectors have no place", async () => {
  const file = readOnnx(sketches["a grouped convolution"](), "sketch.onnx");
  const { graph, model } = await openNetwork(file);
  disposeModel(model);
  const places = listReaders(graph, findChannelSpaces(graph), "couple");
  const groups = places.filter(({ key }) => key.includes("group"));
  assert.equal(groups.length, 4);
  assert.ok(!places.some(({ key }) => key.includes("select")));
  for (const { mode, reason, channels } of groups) {
    assert.equal(channels, 2);
    assert.ok(mode === "private" || /first|last/.test(reason!), `${reason}`);
  }
});
