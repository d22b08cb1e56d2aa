import * as tf from "@tensorflow/tfjs";
import assert from "node:assert/strict";
import { readKeras } from "../../../src/formats/keras/mod.ts";
import { writeModel } from "../../../src/formats/save_model.ts";
import { readModel } from "../../../src/formats/open_model.ts";
import { listReaders } from "../../../src/graph/cuts/readers.ts";
import { startBackend } from "../../../src/kernels/backend.ts";
import { disposeModel } from "../../../src/model/instantiate.ts";
import {
  assertMaskedEqualsShrunk,
  openSplit,
  randomCuts,
  randomInputs,
} from "../../graph/masked.ts";
import { runTfjs } from "../../support/run_tfjs.ts";
import { differenceOf, runLayers, runOnnx } from "../onnx/runtime.ts";
import { runLiteRt } from "../tflite/runtime.ts";
import type { FixtureArray } from "./hdf5_fixture.ts";
import {
  CHANNELS,
  encodeAround,
  groupsOf,
  HEADS,
  KEYS,
  modelOf,
  OPTIONS,
  OUTPUTS,
  POSITIONS,
  tensor,
  VALUES,
  WEIGHTS,
} from "./attention_files.ts";
import { encodeH5, encodeKeras, randomArray } from "./keras_files.ts";

await startBackend();

const TOLERANCE = 1e-4;
const toTensor = ({ data, shape }: FixtureArray) => tf.tensor(data as Float32Array, shape);

/** Attention by the formula in Keras' documentation, head by head, of N × P × C. */
function attend(query: tf.Tensor3D, value: tf.Tensor3D): tf.Tensor {
  const project = (x: tf.Tensor3D, [kernel, bias]: FixtureArray[], head: number) => {
    const matrix = toTensor(kernel).gather([head], 1).squeeze([1]) as tf.Tensor2D;
    const [count, rows, inputs] = x.shape;
    const flat = x.reshape([count * rows, inputs]).matMul(matrix);
    return flat.reshape([count, rows, matrix.shape[1]])
      .add(toTensor(bias).gather([head], 0)) as tf.Tensor3D;
  };
  const heads = Array.from({ length: HEADS }, (_, head) => {
    const [q, k] = [project(query, WEIGHTS.query, head), project(value, WEIGHTS.key, head)];
    const weights = tf.matMul(q, k, false, true).div(Math.sqrt(KEYS)).softmax(-1);
    const read = weights.matMul(project(value, WEIGHTS.value, head)) as tf.Tensor3D;
    const matrix = toTensor(WEIGHTS.output[0]).gather([head], 0).squeeze([0]) as tf.Tensor2D;
    const [count, rows] = read.shape;
    return read.reshape([count * rows, VALUES]).matMul(matrix).reshape([count, rows, OUTPUTS]);
  });
  return tf.addN(heads).add(toTensor(WEIGHTS.output[1]));
}

function assertSame(found: ArrayLike<number>, wanted: ArrayLike<number>, what: string): void {
  assert.equal(found.length, wanted.length, what);
  for (let at = 0; at < wanted.length; at++) {
    assert.ok(Math.abs(found[at] - wanted[at]) < TOLERANCE, `${what}: ${at}`);
  }
}

Deno.test("attention computes what Keras does, of rows and of maps, called in every way", async () => {
  const calls: [string, Record<string, unknown>][] = [
    ["by place", { args: [tensor("first"), tensor("second")], kwargs: {} }],
    ["by name", { args: [tensor("first")], kwargs: { value: tensor("second"), training: false } }],
    ["with a key", { args: ["first", "second", "second"].map(tensor), kwargs: {} }],
  ];
  for (const [way, call] of calls) {
    for (const [prefix, shape] of [["", [POSITIONS, CHANNELS]], ["_", [3, 4, CHANNELS]]] as const) {
      const file = await readKeras(
        encodeKeras(modelOf([...shape], call), groupsOf(prefix)),
        "net.keras",
      );
      const given = [1, 2].map((seed) => ({
        shape: [2, ...shape],
        values: randomArray([2, ...shape], 20 + seed).data as Float32Array,
      }));
      const [found] = await runTfjs(file, given);
      const wanted = tf.tidy(() => {
        const [query, value] = given.map(({ values }) =>
          tf.tensor3d(values, [2, POSITIONS, CHANNELS])
        );
        return attend(query, value).dataSync();
      });
      assertSame(found.values, wanted, `${way}, ${shape}`);
    }
  }
});

Deno.test("attention of Keras 2 is read from an .h5 file", async () => {
  const shape = [null, POSITIONS, CHANNELS];
  const input = (name: string) => ({
    class_name: "InputLayer",
    name,
    config: { name, batch_input_shape: shape },
    inbound_nodes: [],
  });
  const config = { ...OPTIONS, query_shape: shape, value_shape: shape, key_shape: shape };
  const inbound = [[["first", 0, 0, { value: ["second", 0, 0] }]]];
  const model = {
    class_name: "Functional",
    config: {
      name: "net",
      layers: [input("first"), input("second"), {
        class_name: "MultiHeadAttention",
        name: "attention",
        config,
        inbound_nodes: inbound,
      }],
      input_layers: [["first", 0, 0], ["second", 0, 0]],
      output_layers: [["attention", 0, 0]],
    },
  };
  const arrays = Object.entries(WEIGHTS).flatMap(([each, [kernel, bias]]) => {
    const owner = `attention/${each === "output" ? "attention_output" : each}`;
    return [[`${owner}/kernel:0`, kernel], [`${owner}/bias:0`, bias]] as const;
  });
  const file = await readKeras(encodeH5(model, { attention: Object.fromEntries(arrays) }), "a.h5");
  const given = [1, 2].map((seed) => ({
    shape: [2, POSITIONS, CHANNELS],
    values: randomArray([2, POSITIONS, CHANNELS], 20 + seed).data as Float32Array,
  }));
  const [found] = await runTfjs(file, given);
  const wanted = tf.tidy(() => {
    const [query, value] = given.map(({ values }) => tf.tensor3d(values, [2, POSITIONS, CHANNELS]));
    return attend(query, value).dataSync();
  });
  assertSame(found.values, wanted, "h5");
});

Deno.test("a network around attention is cut, and written in every format", async () => {
  const file = await readKeras(encodeAround(), "net.keras");
  const network = await openSplit(file);
  const images = randomInputs(network.model, 2);
  const cuts = randomCuts(network.graph, network.map, { seed: 5, select: false });
  const places = listReaders(network.graph, network.map, "couple");
  const cut = places.filter(({ reason }) => reason === undefined).map(({ key }) => key);
  assert.ok(cut.includes("inner") && cut.includes("last"), `${cut}`);
  await assertMaskedEqualsShrunk(network, cuts, images, TOLERANCE);
  tf.dispose(images);
  disposeModel(network.model);
  const given = [{
    shape: [1, 3, 4, 3],
    values: randomArray([1, 3, 4, 3], 60).data as Float32Array,
  }];
  const wanted = await runTfjs(file, given);
  for (const name of ["model.keras", "model.onnx", "model.tflite", "model.json"]) {
    const graph = name === "model.json" ? { format: "graph" as const } : {};
    const files = await writeModel(name, file, graph);
    const back = await runTfjs(await readModel(name, files), given);
    assert.ok(differenceOf(back, wanted) < TOLERANCE, `${name} read back`);
    if (name === "model.tflite") {
      const found = await runLiteRt(files.get(name)!, given);
      assert.ok(differenceOf(found, wanted) < TOLERANCE, "LiteRT");
    }
    if (name === "model.onnx") {
      const first = { shape: [1, 3, 3, 4], values: turnFirst(given[0].values) };
      const found = await runOnnx(files.get(name)!, [first]);
      assert.ok(differenceOf(found, await runLayers(file, [first])) < TOLERANCE, "ONNX Runtime");
    }
  }
});

/** Images of three channels as C × H × W. */
function turnFirst(values: Float32Array): Float32Array {
  return Float32Array.from(values, (_, at) => values[(at % 12) * 3 + Math.floor(at / 12)]);
}

Deno.test("attention with a mask, over other axes or of an unstated size is refused by name", async () => {
  const refuse = async (model: unknown, message: RegExp) =>
    await assert.rejects(readKeras(encodeKeras(model, groupsOf("")), "net.keras"), { message });
  const call = { args: [tensor("first"), tensor("second")], kwargs: {} };
  const masked = { ...call, kwargs: { use_causal_mask: true } };
  await refuse(modelOf([POSITIONS, CHANNELS], masked), /found a call with use_causal_mask, wanted/);
  const axes = modelOf([3, 4, CHANNELS], call);
  Object.assign(axes.config.layers[2].config, { attention_axes: [2] });
  await refuse(axes, /found attention over axes \[2\] of \[3, 4, 4\], wanted/);
  const unstated = modelOf([POSITIONS, CHANNELS], call);
  Object.assign(unstated.config.layers[2], { build_config: {} });
  await refuse(unstated, /found no shapes of its query and value/);
});
