import assert from "node:assert/strict";
import { join } from "node:path";
import { writeTflite } from "../../src/formats/tflite/write/write.ts";
import { startBackend } from "../../src/kernels/backend.ts";
import { projectFolder } from "../cli/run_cli.ts";
import { inTempFolder } from "../data/fixtures.ts";
import { runChild } from "../support/children.ts";
import { buildNetworkFile } from "../support/networks.ts";
import { testWith } from "../support/programs.ts";
import { runTfjs } from "../support/run_tfjs.ts";

const CLASSES = ["cat", "dog", "old cat", "Straße"];
const SIDE = 8;
const TOLERANCE = 1e-4;

testWith("chromium")(
  "in Chromium LiteRT.js and MediaPipe make of a .tflite file what TensorFlow.js makes of the model, with its classes",
  () =>
    inTempFolder(async (folder) => {
      await startBackend();
      const metadata = { preprocess: { scale: 1 / 255, mean: [0], std: [1] }, classes: CLASSES };
      const model = { ...await buildNetworkFile("plain"), metadata };
      const pixels = Array.from({ length: SIDE * SIDE * 3 }, (_, place) => 37 * place % 256);
      const values = Float32Array.from(pixels, (byte) => byte / 255);
      const [{ values: wanted }] = await runTfjs(model, [{ shape: [1, SIDE, SIDE, 3], values }]);
      for (const kernels of ["float32", "float16"] as const) {
        const [file, image] = [`${kernels}.tflite`, "image.json"].map((name) => join(folder, name));
        await Deno.writeFile(file, writeTflite(model, { kernels }));
        await Deno.writeTextFile(image, JSON.stringify(pixels));
        const script = ["run", "--quiet", "--allow-all", "test/runtimes/in_chromium.ts"];
        const printed = await runChild(
          [Deno.execPath(), ...script, file, image, String(SIDE)],
          projectFolder,
        );
        const { litert, mediapipe } = JSON.parse(printed);
        const tolerance = kernels === "float32" ? TOLERANCE : 20 * TOLERANCE;
        assert.equal(litert.length, CLASSES.length);
        wanted.forEach((score, index) => {
          assert.ok(Math.abs(litert[index] - score) < tolerance, `LiteRT, ${kernels}, ${index}`);
          const found = mediapipe.find((each: { index: number }) => each.index === index);
          assert.equal(found.name, CLASSES[index]);
          assert.ok(Math.abs(found.score - score) < tolerance, `MediaPipe, ${kernels}, ${index}`);
        });
      }
    }),
);
