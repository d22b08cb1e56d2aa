import assert from "node:assert/strict";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import * as tf from "@tensorflow/tfjs";
import { unzipSync, zipSync } from "fflate";
import { startBackend } from "../../src/kernels/backend.ts";
import { evaluate, explore, inspect } from "../../src/mod.ts";
import { placesOf, readCurve } from "../../page/curve.ts";
import { putBuilt } from "../support/built.ts";
import { runChild } from "../support/children.ts";
import { testWith } from "../support/programs.ts";
import { inTempFolder, writeFile } from "../cli/fixtures.ts";
import { exampleData, exampleModel, projectFolder } from "../cli/run_cli.ts";
import { encodeNpy, encodePng } from "../data/fixtures.ts";
import { weighPage } from "./page_bytes.ts";

const SIDE = 28;

/** What the page may be as large as, example and all; and the script that is not the workers'. */
const MOST_BYTES = 7e6;
const MOST_SCRIPT_BYTES = 60e3;

/** What all its scripts may be as large as, compressed. */
const MOST_PACKED_BYTES = 1.6e6;

/** Milliseconds after which something is seen, the page coming from a server on the same machine. */
const MOST_FIRST_PAINT = 1000;

/** What the page is to prune the example in. */
const MOST_SECONDS = 60;

/** Browsers round differently, so that a curve's network may keep another channel here and there. */
const CURVE_TOLERANCE = 0.01;

/** Two of 2,000 images may be on the other side of a tie. */
const TOLERANCE = 0.001;

/** A number behind some text, such as an accuracy; a share when it is in percent. */
function numberBehind(name: string, text: string): number {
  const [, number, unit] = new RegExp(`${name}\\s+([\\d.,]+)(%?)`).exec(text) ?? [];
  assert.ok(number, `${name} in ${text}`);
  return Number(number.replaceAll(",", "")) / (unit ? 100 : 1);
}

/** The example's test images. */
async function readTestImages(): Promise<{ labels: Uint8Array; pixels: Uint8Array }> {
  const read = async (name: string) =>
    gunzipSync(await Deno.readFile(join(projectFolder, exampleData, `t10k-${name}-ubyte.gz`)));
  const [labels, pixels] = [await read("labels-idx1"), await read("images-idx3")];
  return { labels: labels.subarray(8), pixels: pixels.subarray(16) };
}

/** Some of them as PNGs in folders that are named after their classes. */
async function writeClasses(folder: string): Promise<void> {
  const { labels, pixels } = await readTestImages();
  for (let index = 0; index < 200; index++) {
    const png = encodePng(pixels.subarray(index * SIDE ** 2, (index + 1) * SIDE ** 2), {
      width: SIDE,
      height: SIDE,
      colorType: 0,
    });
    await writeFile(join(folder, String(labels[index]), `${index}.png`), png);
  }
}

/** Share of the example's test images that stock TensorFlow.js classifies rightly by a zip that the page offered. */
async function accuracyOfZip(path: string): Promise<number> {
  const files = unzipSync(await Deno.readFile(path));
  const { modelTopology, weightsManifest, userDefinedMetadata } = JSON.parse(
    new TextDecoder().decode(files["model.json"]),
  );
  const [{ paths: [shard], weights: weightSpecs }] = weightsManifest;
  await startBackend();
  const model = await tf.loadLayersModel(
    tf.io.fromMemory({ modelTopology, weightSpecs, weightData: files[shard].slice().buffer }),
  );
  const { labels, pixels } = await readTestImages();
  const { scale = 1, mean: [mean], std: [std] } = userDefinedMetadata.preprocess;
  const answers = tf.tidy(() => {
    const values = Float32Array.from(pixels, (byte) => (byte * scale - mean) / std);
    const images = tf.tensor4d(values, [labels.length, SIDE, SIDE, 1]);
    return (model.predict(images, { batchSize: 100 }) as tf.Tensor).argMax(-1).dataSync();
  });
  model.dispose();
  return labels.filter((label, index) => label === answers[index]).length / labels.length;
}

testWith("chromium")(
  "the page in Chromium",
  (t) =>
    inTempFolder(async (folder) => {
      const [data, floats, out] = ["data", "floats.npz", "out"].map((name) => join(folder, name));
      await writeClasses(data);
      const array = encodeNpy("<f4", "(3, 9, 9, 1)", new Float32Array(243));
      const labels = encodeNpy("|u1", "(3,)", Uint8Array.of(0, 1, 2));
      await writeFile(floats, zipSync({ "x.npy": array, "y.npy": labels }));
      await putBuilt("page", folder);
      const page = join(folder, "index.html");
      await t.step("the page is one file, whose own script is small", async () => {
        const text = await Deno.readTextFile(page);
        const bytes = weighPage(text);
        assert.ok(bytes.page < MOST_BYTES, `${bytes.page} characters`);
        assert.ok(bytes.own < MOST_SCRIPT_BYTES, `${bytes.own} characters of its script`);
        assert.ok(bytes.packed < MOST_PACKED_BYTES, `${bytes.packed} bytes of script, compressed`);
        assert.doesNotMatch(text, /<(script|link|img)[^>]*(src|href)="(?!data:,)/);
      });

      const deno = [Deno.execPath(), "run", "--quiet", "--allow-all"];
      const script = [...deno, "test/page/in_chromium.ts"];
      const printed = await runChild(
        [...script, page, data, floats, out],
        projectFolder,
      );
      const { example, own, ready, alone, camera, threads, firstPaint } = JSON.parse(printed);

      await t.step("something is seen within a second", () => {
        assert.ok(firstPaint < MOST_FIRST_PAINT, `${firstPaint} ms`);
      });

      await t.step("the example is described, pruned in a minute and measured", () => {
        assert.match(example.accuracy, /92\.35% of 2,000/);
        assert.match(example.description, /resnet8-fashion-mnist\/model\.json/);
        assert.equal(numberBehind("Layers", example.description), 31);
        assert.equal(numberBehind("Parameters", example.description), 78_298);
        assert.ok(example.seconds < MOST_SECONDS, `${example.seconds} s`);
        assert.ok(example.isFocused, "the result has the focus");
        assert.match(
          example.figures,
          /MACs for an image\s+9\.55M\s+4\.\d+M\s+−(49\.9|50\.\d)%/,
        );
        assert.match(
          example.plan,
          /^chooses channels, repairs layer by layer and repairs the whole network in 160 steps; about/i,
        );
        assert.match(example.figures, /repaired in 160 steps: from [\d.]+% to [\d.]+% on 1,000/);
        assert.match(example.figures, /stage1_block1_conv2\s+\d+ of 16/);
        const everywhere = "(\\s+[\\d.]+ ms( \\([\\d.]+%\\))?){3}";
        assert.match(
          example.latency,
          new RegExp(
            `Original${everywhere}\\s+Smaller${everywhere}\\s+Smaller, folded${everywhere}`,
          ),
        );
      });

      await t.step("the curve is that of explore, and is said to those who hear it", async () => {
        const { original, points } = await explore({
          model: join(projectFolder, exampleModel),
          data: join(projectFolder, exampleData),
          batches: 8,
          workers: 1,
        });
        const { half, fifth, heard, places } = example.curve;
        const said = (text: string) => Number(/about ([\d.]+)%/.exec(text)![1]) / 100;
        const found = (percent: number) =>
          readCurve(placesOf({ original, points }), percent)!.value;
        assert.equal(places, points.length + 1);
        assert.ok(Math.abs(said(half) - found(0.5)) <= CURVE_TOLERANCE, half);
        assert.ok(Math.abs(said(fifth) - found(0.2)) <= CURVE_TOLERANCE, fifth);
        assert.match(heard, /^20% of the MACs: 1\.91M of 9\.55M; accuracy about/);
      });

      await t.step("stock TensorFlow.js finds the accuracy that the page shows", async () => {
        const [, shown] = /Accuracy\s+[\d.]+%\s+([\d.]+)%/.exec(example.figures)!;
        const found = await accuracyOfZip(join(out, example.downloads.plain));
        assert.ok(found > 0.88, `${found}`);
        assert.ok(Math.abs(found - Number(shown) / 100) <= TOLERANCE, `${found}, shown ${shown}%`);
      });

      await t.step("the page in the zip names what is on an image", () => {
        assert.equal(ready.answers.length, 5);
        assert.match(ready.answers[0], /^8: 0\.[5-9]|^8: 1/);
        assert.deepEqual(ready.requests.map((address: string) => new URL(address).host), [
          "cdn.jsdelivr.net",
        ]);
        assert.deepEqual(ready.barriers, []);
      });

      await t.step("the other formats are read again as the same network", async () => {
        const reports = await Promise.all(
          (["keras", "onnx", "tflite"] as const).map((format) =>
            inspect({ model: join(out, example.downloads[format]) })
          ),
        );
        const parameters = /Parameters\s+78,298\s+([\d,]+)/.exec(example.figures)![1];
        for (const { params } of reports) {
          assert.ok(params < Number(parameters.replace(",", "")), "folded, it has fewer");
        }
        assert.equal(reports[0].macs, reports[1].macs);
      });

      await t.step("a model and images of one's own give the figures of the source", async () => {
        const model = join(out, example.downloads.keras);
        const { accuracy, images } = await evaluate({ model, data, workers: 1 });
        const shown = numberBehind("", ` ${own.accuracy}`);
        assert.ok(accuracy! > 0.75, `${accuracy}`);
        assert.ok(Math.abs(shown - accuracy!) <= 1.01 / images, `${shown}, ${accuracy}`);
        assert.match(own.figures, /Accuracy[^]+MACs for an image[^]+−/);
      });

      await t.step("what cannot be used is refused with what to do, and nothing is lost", () => {
        assert.match(own.refusal, /^Opening the model notes\.txt: found .+ wanted .+ convert it/);
        assert.equal(own.kept, own.description);
        assert.match(own.misfit, /found floats of 9×9×1, wanted 28×28×1/);
        assert.match(own.canceled, /^Cancelled/);
        assert.equal(own.focused.trim(), "Prune");
      });

      await t.step("nothing is sent, neither by the page nor by a worker", () => {
        for (const { requests } of [example, own]) {
          const strangers = requests.filter((address: string) => !address.startsWith("blob:"));
          assert.deepEqual(strangers.slice(1), [], "beside the page itself");
        }
        assert.deepEqual(example.answers, ["refused", "refused"]);
        assert.deepEqual([...example.complaints, ...own.complaints], []);
      });

      await t.step("axe-core finds no barriers, and a phone is wide enough", () => {
        assert.deepEqual([...example.barriers, ...own.barriers], []);
        assert.equal(example.isWide || own.isWide, false);
      });

      await t.step("where threads may share memory, there is one for each core", () => {
        const { cores, note, accuracy, figures, complaints } = threads;
        assert.match(example.figures, /on one thread/);
        assert.match(note, /^(\d+ threads work|One thread works), one for each core/);
        assert.match(accuracy, /92\.35% of 2,000/);
        assert.match(
          figures,
          new RegExp(`pruned in [\\d.]+ s on ${cores === 1 ? "one thread" : `${cores} threads`}`),
        );
        assert.match(figures, /MACs for an image\s+9\.55M\s+4\.\d+M/);
        assert.deepEqual(complaints, []);
      });

      await t.step("pictures of the camera are images in folders of their classes", () => {
        assert.match(camera.found, /camera \(image folder\)/);
        assert.equal(numberBehind("Classes", camera.found), 2);
        assert.deepEqual([...camera.barriers, ...camera.complaints], []);
        assert.equal(camera.isWide, false);
      });

      await t.step("it works without a server", () => {
        assert.match(alone.accuracy, /92\.35%/);
        assert.deepEqual(alone.complaints, []);
      });
    }),
);
