import assert from "node:assert/strict";
import { zipSync } from "fflate";
import * as tf from "@tensorflow/tfjs";
import { prune } from "../../src/api/prune.ts";
import { openModel } from "../../src/formats/open_model.ts";
import { saveModel } from "../../src/formats/save_model.ts";
import { startBackend } from "../../src/kernels/backend.ts";
import { findInputs } from "../../src/model/topology.ts";
import type { ModelFile } from "../../src/model/model_file.ts";
import type { PruneOptions } from "../../src/api/prune.ts";
import { encodeNpy, inTempFolder, randomBytes, writeFile } from "../data/fixtures.ts";
import { differenceOf, runLayers } from "../formats/onnx/runtime.ts";
import { inputsOf, TOLERANCE } from "./properties.ts";
import { buildArchitecture } from "./zoo.ts";

await startBackend();

/** Architectures in which several layers read one space beside others, or one layer is called for several images. */
const ARCHITECTURES = [
  "denseBlocks",
  "residualDense",
  "uNet",
  "inceptionV1",
  "fire",
  "crossStage",
  "splitStage",
  "sharedLayer",
  "siamese",
];

const SETTINGS = { batches: 4, batchSize: 30, pointsPerImage: 16, workers: 1 } as const;

const TUNING = {
  epochs: 2,
  batchSize: 20,
  validationImages: 20,
  learningRate: 1e-3,
  optimizer: "adam",
  shift: 0,
  teacher: "original",
  flip: false,
} as const;

const POLICIES: Readonly<Record<string, Pick<PruneOptions, "policy" | "shared" | "tuning">>> = {
  "uniform, coupled and tuned": {
    policy: { kind: "uniform", ratio: 0.5 },
    shared: "couple",
    tuning: TUNING,
  },
  "uniform, selecting": { policy: { kind: "uniform", ratio: 0.5 } },
  "uniform, coupled": { policy: { kind: "uniform", ratio: 0.5 }, shared: "couple" },
  budget: { policy: { kind: "budget", share: 0.6 } },
  "budget of parameters": { policy: { kind: "budget", share: 0.6, target: "params" } },
  auto: {
    policy: { kind: "auto", share: 0.6, search: { rollouts: 6 }, finalists: 2, images: 20 },
  },
};

/** Numbers for every input of a model, 120 for training and 30 to test, of which neighbors are alike. */
async function writeArrays(folder: string, file: ModelFile): Promise<string> {
  const inputs = findInputs(file.topology);
  const entries: Record<string, Uint8Array> = {};
  for (const [split, count, seed] of [["train", 120, 1], ["test", 30, 2]] as const) {
    inputs.forEach(({ name, shape }, index) => {
      const extents = shape!.slice(1).map((extent) => extent ?? 8);
      const size = extents.reduce((product, extent) => product * extent, 1);
      const noise = randomBytes(count * size, 10 * seed + index);
      const shifts = randomBytes(count, 100 * seed + index);
      const values = Float32Array.from(
        noise,
        (byte, at) => (byte + 2 * shifts[Math.floor(at / size)] - 3 * 127) / 74,
      );
      const array = inputs.length === 1 ? "x" : name;
      entries[`${array}_${split}.npy`] = encodeNpy(
        "<f4",
        `(${[count, ...extents].join(", ")})`,
        new Uint8Array(values.buffer),
      );
    });
  }
  await writeFile(`${folder}/set.npz`, zipSync(entries));
  return `${folder}/set.npz`;
}

for (const name of ARCHITECTURES) {
  for (const [title, options] of Object.entries(POLICIES)) {
    Deno.test(`${name} is pruned (${title}): masked equals shrunk, and the cost is as asked`, () =>
      inTempFolder(async (folder) => {
        const built = await buildArchitecture(name);
        const isOne = findInputs(built.topology).length === 1;
        const preprocess = isOne ? { preset: "raw" } : {};
        const model = { ...built, metadata: { preprocess } };
        const data = await writeArrays(folder, model);
        const before = tf.memory().numTensors;
        const { file, report } = await prune({ ...SETTINGS, ...options, model, data });
        assert.equal(tf.memory().numTensors, before, "all tensors are given back");
        assert.ok(report.maskedDifference! < TOLERANCE, `${report.maskedDifference}`);
        assert.ok(report.layers.some(({ mode }) => mode !== "whole"));
        const { macs, params } = report;
        if (title === "budget of parameters") {
          assert.ok(params.after <= 0.6 * params.before, `${params.after} of ${params.before}`);
        } else if (title === "budget") {
          assert.ok(macs.after <= 0.6 * macs.before, `${macs.after} of ${macs.before}`);
        } else assert.ok(macs.after < macs.before);
        for (const path of ["model", "model.keras", "model.onnx"]) {
          await saveModel(`${folder}/${path}`, file);
          const again = await openModel(`${folder}/${path}`);
          const images = await inputsOf(file);
          const difference = differenceOf(
            await runLayers(again, images),
            await runLayers(file, images),
          );
          assert.ok(difference < TOLERANCE, `${path} differs by ${difference}`);
        }
      }));
  }
}
