import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs";
import { InputError } from "../../src/base/errors.ts";
import { openModel, readModel } from "../../src/formats/open_model.ts";
import { refuseExistingModel, saveModel, writeModel } from "../../src/formats/save_model.ts";
import { startBackend } from "../../src/kernels/backend.ts";
import { disposeModel, instantiate } from "../../src/model/instantiate.ts";
import type { ModelFile } from "../../src/model/model_file.ts";
import { inTempFolder } from "../data/fixtures.ts";
import { buildNetworkFile, largestDifference, randomImages } from "../support/networks.ts";

await startBackend();

async function predict(file: ModelFile, images: tf.Tensor4D): Promise<tf.Tensor> {
  const model = await instantiate(file);
  const output = model.predict(images) as tf.Tensor;
  disposeModel(model);
  return output;
}

for (const name of ["out", "out.keras", "out.onnx", "OUT.ONNX", "out.tflite"]) {
  Deno.test(`a model written to ${name} is opened again, whatever the file is called`, () =>
    inTempFolder(async (folder) => {
      const file = await buildNetworkFile("preActivation");
      const path = `${folder}/${name}`;
      const { bytes } = await saveModel(path, file);
      const stat = await Deno.stat(path);
      if (stat.isFile) {
        assert.equal(stat.size, bytes);
        await Deno.rename(path, `${folder}/renamed`);
      } else await Deno.rename(path, `${folder}/renamed`);
      const opened = await openModel(`${folder}/renamed`);
      const images = randomImages(3);
      const [wanted, found] = [await predict(file, images), await predict(opened, images)];
      assert.ok(largestDifference(wanted, found) < 1e-5);
      tf.dispose([images, wanted, found]);
    }));
}

for (const name of ["model.json", "out.keras", "out.onnx", "out.tflite"]) {
  Deno.test(`a model written to ${name} in memory is what is written to disk, and is read again`, () =>
    inTempFolder(async (folder) => {
      const file = await buildNetworkFile("preActivation");
      const files = await writeModel(name, file);
      const path = `${folder}/${name}`;
      await saveModel(path, file);
      const isFolder = name === "model.json";
      for (const [part, bytes] of files) {
        const onDisk = await Deno.readFile(isFolder ? `${path}/${part}` : path);
        assert.deepEqual(onDisk, bytes);
      }
      const { path: _, bytes: __, ...opened } = await openModel(path);
      const { path: _2, bytes: __2, ...read } = await readModel(name, files);
      assert.deepEqual(read, opened);
    }));
}

Deno.test("a shard that is missing in memory is named", async () => {
  const files = await writeModel("model.json", await buildNetworkFile("plain"));
  const json = files.get("model.json")!;
  await assert.rejects(
    readModel("model.json", new Map([["model.json", json]])),
    /reading group1-shard1of1\.bin, a shard of model\.json: found model\.json alone/,
  );
  await assert.rejects(readModel("other.json", files), /reading other\.json: found no such file/);
});

Deno.test("a single file is not replaced without force, nor left half written", () =>
  inTempFolder(async (folder) => {
    const file = await buildNetworkFile("plain");
    const path = `${folder}/model.keras`;
    await Deno.writeTextFile(path, "mine");
    for (const write of [() => refuseExistingModel(path), () => saveModel(path, file)]) {
      await assert.rejects(write, /found it there already, wanted a new file/);
    }
    const controller = new AbortController();
    controller.abort(new Error("interrupted"));
    const interrupted = saveModel(path, file, { force: true, signal: controller.signal });
    await assert.rejects(interrupted, /interrupted/);
    assert.equal(await Deno.readTextFile(path), "mine");
    await saveModel(path, file, { force: true, extraFiles: new Map([["search.csv", "a,b"]]) });
    const names = [...Deno.readDirSync(folder)].map(({ name }) => name).sort();
    assert.deepEqual(names, ["model.keras", "model.search.csv"]);
  }));

Deno.test("kernels stay in the type that they are stored in, unless another is asked for", () =>
  inTempFolder(async (folder) => {
    const file = await buildNetworkFile("plain");
    const { bytes } = await saveModel(`${folder}/wide`, file);
    for (const quantize of ["uint8", "uint16", "float16"] as const) {
      await saveModel(`${folder}/${quantize}`, file, { quantize });
      const opened = await openModel(`${folder}/${quantize}`);
      const inMemory = await readModel("model.json", await writeModel("model", opened));
      assert.deepEqual([opened.quantized, inMemory.quantized], [quantize, quantize]);
      await saveModel(`${folder}/${quantize}-again`, opened);
      assert.equal((await openModel(`${folder}/${quantize}-again`)).quantized, quantize);
      const widened = await saveModel(`${folder}/${quantize}-wide`, opened, {
        quantize: "float32",
      });
      assert.equal((await openModel(`${folder}/${quantize}-wide`)).quantized, undefined);
      assert.ok(Math.abs(widened.bytes - bytes) < 100);
    }
    await saveModel(`${folder}/wide.keras`, file, { quantize: "float32" });
  }));

Deno.test("float16 kernels stay float16 from format to format, unless something else is asked for", () =>
  inTempFolder(async (folder) => {
    const file = await buildNetworkFile("postActivation");
    const names = ["model", "model.onnx", "model.tflite", "model.keras"];
    for (const first of names) {
      const one = `${folder}/one-${first}`;
      const { bytes: wide } = await saveModel(`${folder}/wide-${first}`, file);
      const { bytes } = await saveModel(one, file, { quantize: "float16" });
      assert.ok(bytes < wide, `${first}: ${bytes} of ${wide}`);
      const opened = await openModel(one);
      assert.equal(opened.quantized, "float16", first);
      for (const second of names) {
        const other = `${folder}/${first}-to-${second}`;
        await saveModel(other, opened);
        assert.equal((await openModel(other)).quantized, "float16", `${first} to ${second}`);
      }
      await saveModel(`${folder}/again-${first}`, opened, { quantize: "float32" });
      assert.equal((await openModel(`${folder}/again-${first}`)).quantized, undefined, first);
    }
  }));

Deno.test("kernels that float16 cannot hold stay float32", () =>
  inTempFolder(async (folder) => {
    const file = await buildNetworkFile("plain");
    const [large] = [...file.weights.values()].filter(({ shape }) => shape.length > 1);
    large.values[0] = 1e6;
    for (const name of ["model.onnx", "model.tflite"]) {
      await saveModel(`${folder}/${name}`, file, { quantize: "float16" });
      const { weights } = await openModel(`${folder}/${name}`);
      const found = [...weights.values()].flatMap(({ values }) => Array.from(values));
      assert.ok(found.includes(1e6), name);
    }
  }));

Deno.test("formats without quantized weights refuse them, before and while saving", () =>
  inTempFolder(async (folder) => {
    const file = await buildNetworkFile("plain");
    const refusal = {
      name: "UsageError",
      message: /found quantize uint8 for a \.(keras|onnx) file.*leave quantize out/,
    };
    for (const path of [`${folder}/model.keras`, `${folder}/model.onnx`]) {
      await assert.rejects(refuseExistingModel(path, { quantize: "uint8" }), refusal);
      await assert.rejects(saveModel(path, file, { quantize: "uint8" }), refusal);
    }
    assert.deepEqual([...Deno.readDirSync(folder)], []);
  }));

Deno.test("formats refuse types that they cannot store, and name those that they can", () =>
  inTempFolder(async (folder) => {
    const file = await buildNetworkFile("plain");
    const cases = [
      ["model.tflite", "uint8", /found quantize uint8 for a \.tflite file, wanted float16 or int8/],
      ["model", "int8", /found quantize int8 for a tfjs layers model, wanted uint8 or uint16 or/],
    ] as const;
    for (const [name, quantize, message] of cases) {
      const path = `${folder}/${name}`;
      const refusal = { name: "UsageError", message };
      await assert.rejects(refuseExistingModel(path, { quantize }), refusal);
      await assert.rejects(saveModel(path, file, { quantize }), refusal);
    }
    const whole = await saveModel(`${folder}/whole.tflite`, file);
    for (const quantize of ["float16", "int8"] as const) {
      const { bytes } = await saveModel(`${folder}/${quantize}.tflite`, file, { quantize });
      assert.ok(bytes < whole.bytes, `${bytes} of ${whole.bytes}`);
    }
  }));

const STRANGERS: [string, Uint8Array, RegExp][] = [
  ["nothing", new Uint8Array(0), /found an empty file/],
  ["an image", Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 13, 10, 26, 10), /found an image/],
  ["a pickle", Uint8Array.of(0x80, 2, 0x8a, 10), /found a Python pickle/],
  ["text", new TextEncoder().encode("layers: 3\n"), /a file of an unknown format/],
];

for (const [what, bytes, message] of STRANGERS) {
  Deno.test(`${what} is refused as what it looks like, with what to do`, () =>
    inTempFolder(async (folder) => {
      const path = `${folder}/model.onnx`;
      await Deno.writeFile(path, bytes);
      await assert.rejects(openModel(path), (error) => {
        assert.ok(error instanceof InputError);
        assert.match(error.message, message);
        assert.match(
          error.message,
          /^opening the model .*wanted a model\.json of tfjs .*convert it/,
        );
        return true;
      });
    }));
}

Deno.test("a model that is not there is named", async () => {
  await assert.rejects(
    openModel("/nowhere/model.onnx"),
    /opening the model \/nowhere.*no such file/,
  );
});

for (const name of ["out", "out.keras", "out.onnx"]) {
  Deno.test(`a weight that is no finite number is not written to ${name}`, () =>
    inTempFolder(async (folder) => {
      for (const stranger of [NaN, Infinity, -Infinity]) {
        const file = await buildNetworkFile("plain");
        const [weight] = file.weights.values();
        weight.values[2] = stranger;
        await assert.rejects(
          saveModel(`${folder}/${name}`, file),
          (error: Error) =>
            error instanceof InputError &&
            error.message.includes(`found ${stranger} as number 2 of the weight "${weight.name}"`),
        );
        assert.deepEqual(await Array.fromAsync(Deno.readDir(folder)), []);
      }
    }));
}

Deno.test("formats that take any number of images refuse to fix it", () =>
  inTempFolder(async (folder) => {
    const file = await buildNetworkFile("plain");
    for (const name of ["model", "model.keras", "model.onnx"]) {
      const refusal = {
        name: "UsageError",
        message: /found batch for .+ any number of images/,
      };
      await assert.rejects(saveModel(`${folder}/${name}`, file, { batch: 2 }), refusal);
    }
    const path = `${folder}/model.tflite`;
    const { bytes } = await saveModel(path, file, { batch: null });
    assert.equal((await Deno.stat(path)).size, bytes);
  }));
