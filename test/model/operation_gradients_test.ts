import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs";
import { createRandom, shuffledIndices } from "../../src/base/random.ts";
import { openModel } from "../../src/formats/open_model.ts";
import { readOnnx } from "../../src/formats/onnx/read/read.ts";
import { startBackend } from "../../src/kernels/backend.ts";
import { disposeModel, instantiate } from "../../src/model/instantiate.ts";
import type { ModelFile } from "../../src/model/model_file.ts";
import { inTempFolder } from "../data/fixtures.ts";
import { steps } from "../formats/graph_model/steps.ts";
import { steps as onnxSteps } from "../formats/onnx/steps.ts";

await startBackend();

/** Width of the differences, and how far these and the gradients may be apart, relative to the larger of them and one. */
const WIDTH = 1e-2, TOLERANCE = 2e-2;

/** Operations that look for the largest, and how far apart values are then, so that a difference changes no order. */
const ORDERED = /^(Max|Min|Maximum|Minimum|TopKV2)$/, SPACING = 0.05;

/** Different values; between 0.2 and 0.8, where order does not matter. */
function drawTensor(
  { shape, dtype }: tf.SymbolicTensor,
  isOrdered: boolean,
  place: number,
): tf.Tensor {
  const extents = [2, ...shape.slice(1).map((extent) => extent ?? 8)];
  const count = extents.reduce((product, extent) => product * extent, 1);
  const random = createRandom(place);
  const order = shuffledIndices(count, random);
  const spacing = isOrdered ? SPACING : 0.6 / count;
  const shift = 0.2 + spacing * (place % 2 === 0 ? 0.25 : 0.75);
  const tensor = tf.tensor(Float32Array.from(order, (step) => shift + spacing * step), extents);
  return dtype === "float32" ? tensor : tensor.greater(0.5).cast(dtype);
}

/** A step's gradient of a weighted sum of what it makes, along a direction, and the difference quotient of that. */
function compare(layer: tf.layers.Layer, isOrdered: boolean): { along: number; quotient: number } {
  return tf.tidy(() => {
    const read = [layer.input].flat() as tf.SymbolicTensor[];
    const inputs = read.map((tensor, index) => drawTensor(tensor, isOrdered, index));
    const apply = (given: tf.Tensor[]) =>
      layer.apply(given.length === 1 ? given[0] : given) as tf.Tensor;
    const made = apply(inputs);
    const weights = tf.randomUniform(made.shape, -1, 1, "float32", 3);
    const total = (...given: tf.Tensor[]) => apply(given).cast("float32").mul(weights).sum();
    const gradients = tf.grads((...given) => total(...given))(inputs);
    const directions = inputs.map(({ shape, dtype }, index) =>
      dtype === "float32" ? tf.randomUniform(shape, -1, 1, "float32", 7 + index) : tf.zeros(shape)
    );
    const move = (by: number) =>
      inputs.map((tensor, index) =>
        tensor.dtype === "float32" ? tensor.add(directions[index].mul(by)) : tensor
      );
    const quotient = total(...move(WIDTH)).sub(total(...move(-WIDTH))).div(2 * WIDTH);
    const along = tf.addN(
      gradients.map((gradient, index) => gradient.mul(directions[index]).sum()),
    );
    return { along: along.dataSync()[0], quotient: quotient.dataSync()[0] };
  });
}

/** Operations whose values are constant between jumps, over which no difference may go. */
const JUMPS =
  /^(ArgM(ax|in)|Cast|Ceil|Equal|Floor|Greater(Equal)?|Less(Equal)?|NotEqual|Round|Sign)$/;

/** Checks every step of a network. */
async function checkSteps(file: ModelFile): Promise<void> {
  const model = await instantiate(file);
  const operators = new Map(
    file.topology.config.layers!.map(({ name, config }) => [name, String(config.operator)]),
  );
  for (const layer of model.layers) {
    const operator = operators.get(layer.name)!;
    if (layer.getClassName() !== "Operation") continue;
    const { along, quotient } = compare(layer, ORDERED.test(operator));
    if (JUMPS.test(operator)) {
      assert.equal(along, 0, operator);
      continue;
    }
    const scale = Math.max(1, Math.abs(along), Math.abs(quotient));
    assert.ok(
      Math.abs(along - quotient) <= TOLERANCE * scale,
      `${operator} "${layer.name}": gradient ${along}, difference quotient ${quotient}`,
    );
  }
  disposeModel(model);
}

Deno.test("gradients through steps match finite differences: graph models", async (t) => {
  for (const [name, build] of Object.entries(steps)) {
    await t.step(name, () =>
      inTempFolder(async (folder) => {
        const [g, outputs] = build();
        await g.write(folder, ...outputs);
        await checkSteps(await openModel(folder));
      }));
  }
});

Deno.test("gradients through steps match finite differences: ONNX", async (t) => {
  for (const [name, build] of Object.entries(onnxSteps)) {
    await t.step(name, () => checkSteps(readOnnx(build(), "steps.onnx")));
  }
});
