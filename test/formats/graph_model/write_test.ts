import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs";
import fc from "fast-check";
import { openModel } from "../../../src/formats/open_model.ts";
import { refuseUnwritable, saveModel } from "../../../src/formats/save_model.ts";
import { startBackend } from "../../../src/kernels/backend.ts";
import { captureModel, disposeModel } from "../../../src/model/instantiate.ts";
import type { ModelFile } from "../../../src/model/model_file.ts";
import { pruneWithoutData } from "../../../src/pruning/without_data/prune_without_data.ts";
import { inTempFolder } from "../../data/fixtures.ts";
import { constructs } from "./constructs.ts";
import type { GraphSketch } from "./graph_sketch.ts";
import { runFolder } from "./oracle.ts";
import { steps } from "./steps.ts";
import { tails } from "./tails.ts";
import { wholeNetworks } from "./whole_networks.ts";

await startBackend();

const TOLERANCE = 1e-4;

/** Images for the inputs of a graph: two, or one where it takes no more. */
function imagesFor(g: GraphSketch): tf.Tensor[] {
  const inputs = g.nodes.filter(({ op }) => op === "Placeholder");
  return inputs.map(({ attr }, index) => {
    const { shape: { dim } } = attr.shape as { shape: { dim: { size: string }[] } };
    const count = dim[0].size === "1" ? 1 : 2;
    const isWhole = (attr.dtype as { type: string }).type !== "DT_FLOAT";
    const type = isWhole ? "int32" as const : "float32" as const;
    return tf.randomUniform([count, 8, 8, 3], isWhole ? 0 : -2, isWhole ? 255 : 2, type, 5 + index);
  });
}

/** Stock TensorFlow.js makes the same of two folders, under the same names. */
async function assertSame(one: string, other: string, images: readonly tf.Tensor[]): Promise<void> {
  const [wanted, found] = [await runFolder(one, images), await runFolder(other, images)];
  assert.deepEqual(found.inputs, wanted.inputs);
  assert.deepEqual([...found.outputs.keys()], [...wanted.outputs.keys()]);
  for (const [name, { shape, values }] of wanted.outputs) {
    const made = found.outputs.get(name)!;
    assert.deepEqual(made.shape, shape, name);
    const scale = Array.from(values).reduce((most, value) => Math.max(most, Math.abs(value)), 1);
    values.forEach((value, place) =>
      assert.ok(Math.abs(value - made.values[place]) <= TOLERANCE * scale, `${name} at ${place}`)
    );
  }
}

/** Writes a sketch, reads it, and writes what was read as a graph model. */
async function rewrite(
  folder: string,
  [g, outputs]: [GraphSketch, string[]],
): Promise<{ from: string; to: string; file: ModelFile }> {
  const [from, to] = [`${folder}/from`, `${folder}/to`];
  await Deno.mkdir(from);
  await g.write(from, ...outputs);
  const file = await openModel(from);
  await saveModel(to, file, { format: "graph", quantize: "float32" });
  return { from, to, file };
}

Deno.test("a graph model is written with the names it had, and computes the same", async (t) => {
  for (
    const [name, build] of Object.entries({ ...constructs, ...wholeNetworks, ...steps, ...tails })
  ) {
    await t.step(name, () =>
      inTempFolder(async (folder) => {
        const sketch = build();
        const { from, to } = await rewrite(folder, sketch);
        const images = imagesFor(sketch[0]);
        await assertSame(from, to, images);
        const again = `${folder}/again`;
        await saveModel(again, await openModel(to), { format: "graph", quantize: "float32" });
        await assertSame(from, again, images);
        tf.dispose(images);
      }));
  }
});

Deno.test("a pruned graph model keeps its tail", async (t) => {
  for (const [name, build] of Object.entries(tails)) {
    await t.step(name, () =>
      inTempFolder(async (folder) => {
        const sketch = build();
        const { from, file } = await rewrite(folder, sketch);
        const { file: smaller, report } = await pruneWithoutData({
          model: file,
          policy: { kind: "budget", share: 0.9 },
        });
        assert.ok(report.macs.after < report.macs.before);
        await saveModel(`${folder}/smaller`, smaller, { format: "graph" });
        const images = imagesFor(sketch[0]);
        const [wanted, found] = [
          ...[await runFolder(from, images), await runFolder(`${folder}/smaller`, images)],
        ];
        assert.deepEqual([...found.outputs.keys()], [...wanted.outputs.keys()]);
        tf.dispose(images);
      }));
  }
});

Deno.test("any chain of steps is written and read back the same", async () => {
  const chains = Object.values(steps);
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 0, max: chains.length - 1 }),
      fc.nat(1000),
      (index, seed) =>
        inTempFolder(async (folder) => {
          const sketch = chains[index]();
          const { from, to } = await rewrite(folder, sketch);
          const images = [tf.randomUniform([1, 8, 8, 3], -3, 3, "float32", seed)];
          await assertSame(from, to, images);
          tf.dispose(images);
        }),
    ),
    { numRuns: 10 },
  );
});

Deno.test("formats of layers refuse steps and tails before the work, with what to do", () =>
  inTempFolder(async (folder) => {
    const { file } = await rewrite(folder, steps["comparisons and choices"]());
    for (const path of ["layers", "model.keras"]) {
      assert.throws(
        () => refuseUnwritable(path, file),
        /found operations that have no layer, "Greater_\d+" \(Greater\), .* wanted layers alone; write a graph model/,
      );
      await assert.rejects(saveModel(`${folder}/${path}`, file), /operations that have no layer/);
    }
    refuseUnwritable("graph", file, { format: "graph" });
  }));

Deno.test("layers of series are written, of a fixed length and of any", async (t) => {
  const conv = (filters: number, more = {}) =>
    tf.layers.conv1d({ filters, kernelSize: 3, padding: "same", useBias: true, ...more });
  for (const length of [12, null]) {
    await t.step(`${length ?? "any"}`, () =>
      inTempFolder(async (folder) => {
        const input = tf.input({ name: "series", shape: [length, 3] });
        const first = tf.layers.batchNormalization({ axis: 2 })
          .apply(conv(6).apply(input)) as tf.SymbolicTensor;
        const half = tf.layers.averagePooling1d({ poolSize: 2 })
          .apply(tf.layers.reLU({}).apply(first)) as tf.SymbolicTensor;
        const last = conv(4, { strides: 2, activation: "relu" }).apply(half) as tf.SymbolicTensor;
        const most = tf.layers.globalMaxPooling1d({}).apply(last) as tf.SymbolicTensor;
        const model = tf.model({ inputs: input, outputs: [last, most] });
        const file = await captureModel(model);
        const series = tf.randomUniform([2, 12, 3], -2, 2, "float32", 5);
        const wanted = (model.predict(series) as tf.Tensor[]).map((made) => [...made.dataSync()]);
        await saveModel(`${folder}/out`, file, { format: "graph" });
        const found = await runFolder(`${folder}/out`, [series]);
        [...found.outputs.values()].forEach(({ values }, place) =>
          values.forEach((value, at) =>
            assert.ok(Math.abs(value - wanted[place][at]) < TOLERANCE, `${place}: ${at}`)
          )
        );
        disposeModel(model);
      }));
  }
});
