import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs";
import { foldGraph } from "../../../src/graph/folding/fold_graph.ts";
import { openNetwork } from "../../../src/graph/opening/network.ts";
import { writeGraph } from "../../../src/graph/write_graph.ts";
import { startBackend } from "../../../src/kernels/backend.ts";
import { captureModel, disposeModel, instantiate } from "../../../src/model/instantiate.ts";
import type { ModelFile } from "../../../src/model/model_file.ts";
import { largestDifference } from "../../support/networks.ts";

await startBackend();

const CHANNELS = 5;

function convolve(name: string, kernelSize = 3): tf.layers.Layer {
  return tf.layers.conv2d({ filters: CHANNELS, kernelSize, padding: "same", name });
}

function apply(layer: tf.layers.Layer, ...inputs: tf.SymbolicTensor[]): tf.SymbolicTensor {
  return layer.apply(inputs.length === 1 ? inputs[0] : inputs) as tf.SymbolicTensor;
}

function normalize(name: string, x: tf.SymbolicTensor, activation = "relu"): tf.SymbolicTensor {
  const norm = apply(tf.layers.batchNormalization({ name }), x);
  return apply(tf.layers.activation({ activation: activation as "relu" }), norm);
}

/** Two blocks of a residual network of the second kind; `side` reads the stream between them too. */
function residualNetwork(
  { side, activation }: {
    side?: (stream: tf.SymbolicTensor) => tf.SymbolicTensor;
    activation?: string;
  } = {},
): tf.LayersModel {
  const image = tf.input({ shape: [6, 6, 3], name: "image" });
  const block = (name: string, x: tf.SymbolicTensor) => {
    const inner = normalize(`${name}_norm`, x, activation);
    return apply(tf.layers.add({ name: `${name}_sum` }), x, apply(convolve(`${name}_conv`), inner));
  };
  const head = (name: string, x: tf.SymbolicTensor) => {
    const pooled = apply(tf.layers.maxPooling2d({ poolSize: 2 }), x);
    const mean = apply(tf.layers.globalAveragePooling2d({}), pooled);
    return apply(tf.layers.dense({ units: 3, name }), mean);
  };
  const between = block("first", apply(convolve("stem"), image));
  const last = normalize("last_norm", block("second", between), activation);
  const output = side
    ? apply(tf.layers.add(), head("head", last), head("side_head", side(between)))
    : head("head", last);
  return tf.model({ inputs: image, outputs: output });
}

/** The network with γ, β and statistics of its own, and how it looks and computes when it is folded. */
async function fold(
  model: tf.LayersModel,
  change: (weights: Map<string, Float32Array>) => void = () => {},
) {
  const file = await captureModel(model);
  disposeModel(model);
  const values = new Map<string, Float32Array>();
  for (const weight of file.weights.values()) {
    const isPositive = /variance|gamma/.test(weight.name);
    weight.values = Float32Array.from(
      weight.values,
      (value, index) =>
        weight.shape.length > 1
          ? value
          : isPositive
          ? 0.5 + ((index * 7) % 5) / 4
          : ((index * 5) % 7 - 3) / 4,
    );
    values.set(weight.name, weight.values);
  }
  change(values);
  const { model: opened, graph } = await openNetwork(file);
  disposeModel(opened);
  const folded = writeGraph(foldGraph(graph), file);
  const classes = new Map(
    folded.topology.config.layers!.map(({ class_name, config }) => [config.name!, class_name]),
  );
  const images = tf.randomNormal([4, 6, 6, 3], 0, 1, "float32", 1);
  const [wanted, found] = [await predict(file, images), await predict(folded, images)];
  const difference = largestDifference(wanted, found);
  tf.dispose([images, wanted, found]);
  return { classes, difference };
}

async function predict(file: ModelFile, images: tf.Tensor): Promise<tf.Tensor> {
  const model = await instantiate(file);
  const output = model.predict(images) as tf.Tensor;
  disposeModel(model);
  return output;
}

const NORMS = ["first_norm", "second_norm", "last_norm"];

/** Which of the normalizations are ReLUs alone. */
function relusOf(classes: ReadonlyMap<string, string>): string[] {
  return NORMS.filter((name) => classes.get(name) === "Activation");
}

Deno.test("the normalizations of a residual stream leave their ReLUs alone, and outputs are the same", async () => {
  const { classes, difference } = await fold(residualNetwork());
  assert.deepEqual(relusOf(classes), NORMS);
  assert.ok(![...classes.values()].includes("DepthwiseConv2D"));
  assert.ok(difference < 1e-5, `outputs differ by ${difference}`);
});

Deno.test("a normalization stays where a scale is not positive, or a shift is far", async () => {
  for (const gamma of [-0.5, 0, 1e-4]) {
    const { classes, difference } = await fold(residualNetwork(), (weights) => {
      weights.get("second_norm/gamma")![1] = gamma;
      weights.get("second_norm/beta")![1] = 1;
    });
    assert.deepEqual(relusOf(classes), ["first_norm", "last_norm"], `γ = ${gamma}`);
    assert.ok(difference < 1e-5, `outputs differ by ${difference}`);
  }
});

Deno.test("a normalization with a ReLU6 stays, which no scale passes", async () => {
  const { classes, difference } = await fold(residualNetwork({ activation: "relu6" }));
  assert.deepEqual(relusOf(classes), []);
  assert.ok(difference < 1e-5, `outputs differ by ${difference}`);
});

/** Other layers that read the stream between the blocks, and which ReLUs are alone then. */
const READERS: Record<string, [(x: tf.SymbolicTensor) => tf.SymbolicTensor, string[]]> = {
  "a convolution that does not pad": [(x) => apply(convolve("side", 1), x), NORMS],
  "a convolution that pads": [(x) => apply(convolve("side"), x), ["first_norm", "last_norm"]],
  "a second normalization, which comes first": [
    (x) => apply(convolve("side"), normalize("other", x)),
    ["first_norm", "last_norm"],
  ],
  "a sum with nothing to shift": [
    (x) => apply(tf.layers.add(), x, apply(tf.layers.maxPooling2d({ poolSize: 1 }), x)),
    ["first_norm", "last_norm"],
  ],
  "an activation": [
    (x) => apply(tf.layers.activation({ activation: "tanh" }), x),
    ["first_norm", "last_norm"],
  ],
};

for (const [what, [side, relus]] of Object.entries(READERS)) {
  Deno.test(`outputs are the same where ${what} reads the stream`, async () => {
    const { classes, difference } = await fold(residualNetwork({ side }));
    assert.deepEqual(relusOf(classes), relus);
    assert.ok(difference < 1e-5, `outputs differ by ${difference}`);
  });
}

Deno.test("a stream that is an output of the model is not shifted", async () => {
  const image = tf.input({ shape: [6, 6, 3], name: "image" });
  const stem = apply(convolve("stem"), image);
  const inner = apply(convolve("conv"), normalize("first_norm", stem));
  const model = tf.model({ inputs: image, outputs: [apply(tf.layers.add(), stem, inner), stem] });
  const file = await captureModel(model);
  disposeModel(model);
  const { model: opened, graph } = await openNetwork(file);
  disposeModel(opened);
  const { nodes } = foldGraph(graph);
  assert.equal(nodes.find(({ key }) => key === "first_norm")!.className, "DepthwiseConv2D");
});
