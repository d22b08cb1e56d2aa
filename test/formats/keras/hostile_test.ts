import assert from "node:assert/strict";
import { zipSync } from "fflate";
import { readKeras } from "../../../src/formats/keras/mod.ts";
import { openHdf5 } from "../../../src/formats/keras/hdf5/hdf5_object.ts";
import { createRandom } from "../../../src/base/random.ts";
import { encodeWithLibrary } from "./hdf5_fixture.ts";
import { encodeH5, encodeKeras, randomArray, zipEntries } from "./keras_files.ts";

const INPUT_ERROR = "InputError";

async function assertRefused(bytes: Uint8Array, message: RegExp): Promise<void> {
  await assert.rejects(readKeras(bytes, "bad.keras"), { name: INPUT_ERROR, message });
}

const MODEL = {
  class_name: "Sequential",
  config: {
    name: "net",
    layers: [{
      class_name: "Dense",
      config: { name: "dense", units: 2, batch_input_shape: [null, 3] },
    }],
  },
};
const DENSE = [randomArray([3, 2], 1), randomArray([2], 2)];
const KERAS = encodeKeras(MODEL, { "layers/dense": DENSE });
const H5 = encodeH5(MODEL, { dense: { "dense/kernel:0": DENSE[0], "dense/bias:0": DENSE[1] } });

Deno.test("a file that is neither says what it looks like", async () => {
  const text = (content: string) => new TextEncoder().encode(content);
  await assertRefused(new Uint8Array(0), /found an empty file, wanted a \.keras or \.h5 file/);
  await assertRefused(text('{"format":"layers-model"}'), /found JSON/);
  await assertRefused(text("<!DOCTYPE html>"), /found HTML/);
  await assertRefused(text("version https://git-lfs.github.com/spec/v1"), /git lfs pull/);
  await assertRefused(Uint8Array.of(28, 0, 0, 0, 84, 70, 76, 51), /TensorFlow Lite model/);
  await assertRefused(Uint8Array.of(8, 7, 0x12, 7, 112, 121), /what looks like ONNX/);
  await assertRefused(Uint8Array.of(0x1f, 0x8b, 8), /gzip file \(unpack it first\)/);
  await assertRefused(text("GIF89a"), /begins with "GIF89a"/);
});

Deno.test("every truncation of a file is refused", async () => {
  for (const whole of [H5, KERAS]) {
    for (let part = 1; part < 60; part++) {
      const cut = whole.slice(0, Math.floor(whole.length * part / 60));
      await assert.rejects(readKeras(cut, "cut"), { name: INPUT_ERROR }, `${part}/60`);
    }
  }
});

Deno.test("a file with damaged bytes is read or refused, never a defect and never without end", async () => {
  const random = createRandom(3);
  for (let round = 0; round < 400; round++) {
    const damaged = (round % 2 ? H5 : KERAS).slice();
    for (let count = 0; count < 8; count++) {
      damaged[Math.floor(random() * damaged.length)] = Math.floor(random() * 256);
    }
    await readKeras(damaged, "damaged").catch((error) => assert.equal(error.name, INPUT_ERROR));
  }
});

Deno.test("a zip bomb is refused by what it declares, and one that lies by what comes out", async () => {
  const zeros = new Uint8Array(4_000_000);
  const bomb = zipEntries({ "config.json": JSON.stringify(MODEL), "model.weights.h5": zeros }, 9);
  await assertRefused(
    bomb,
    /found model\.weights\.h5 of 4000000 bytes in \d+, wanted at most 200 times/,
  );
  const config = zipEntries({ "config.json": zeros, "model.weights.h5": H5 }, 9);
  await assertRefused(config, /found config\.json of 4000000 bytes/);
  const lying = zipEntries({ "config.json": JSON.stringify(MODEL), "model.weights.h5": H5 }, 9);
  const view = new DataView(lying.buffer);
  for (let offset = 0; offset + 4 < lying.length; offset++) {
    const isDirectory = view.getUint32(offset, true) === 0x02014b50;
    if (isDirectory && view.getUint32(offset + 24, true) === H5.length) {
      view.setUint32(offset + 24, H5.length + 100, true);
    }
  }
  await assertRefused(lying, /found \d+ bytes in model\.weights\.h5, wanted \d+/);
});

Deno.test("an archive with names that leave it, without its parts, or in several parts is refused", async () => {
  const parts = { "config.json": JSON.stringify(MODEL), "model.weights.h5": H5 };
  for (const name of ["../evil", "/etc/evil", "a\\..\\..\\evil", "C:\\evil"]) {
    await assertRefused(zipEntries({ ...parts, [name]: "x" }), /found the entry .*evil.*inside/);
  }
  await assertRefused(
    zipEntries({ "a.txt": "x" }),
    /found a zip archive with a\.txt, wanted .*config\.json/,
  );
  await assertRefused(
    zipEntries({ "config.json": "{}", "model.weights.json": "{}" }),
    /save it without max_shard_size/,
  );
  await assertRefused(
    zipEntries({ ...parts, "config.json": "{" }),
    /malformed JSON in config\.json/,
  );
  await assertRefused(zipSync({}), /found an empty zip archive/);
});

Deno.test("an array that declares more than the file holds is refused before memory is spent", () => {
  const bytes = encodeWithLibrary({ members: { a: randomArray([1234, 1], 1) } });
  const view = new DataView(bytes.buffer);
  for (let offset = 0; offset + 8 <= bytes.length; offset += 8) {
    if (view.getBigUint64(offset, true) === 1234n) view.setBigUint64(offset, 1n << 40n, true);
  }
  assert.throws(() => openHdf5(bytes, "bad.h5").find("a")!.read(), {
    name: INPUT_ERROR,
    message: /reading bad\.h5: found an array of shape \[1099511627776, 1\] in a file of \d+ bytes/,
  });
});

Deno.test("a compressed array that inflates too far is refused", () => {
  const data = new Float32Array(2_000_000);
  const array = { data, shape: [2_000_000], dtype: "<f", chunks: [2_000_000], compression: 9 };
  const bytes = encodeWithLibrary({ members: { array } });
  assert.throws(() => openHdf5(bytes, "bad.h5").find("array")!.read(), {
    name: INPUT_ERROR,
    message: /found an array of shape \[2000000\] in a file of/,
  });
});

Deno.test("tables of a group that lead into themselves are refused", () => {
  const members = Object.fromEntries(Array.from({ length: 400 }, (_, index) => [`g${index}`, {}]));
  const bytes = encodeWithLibrary({ members });
  const view = new DataView(bytes.buffer);
  const nodes: number[] = [];
  for (let offset = 0; offset + 4 <= bytes.length; offset += 8) {
    if (new TextDecoder().decode(bytes.subarray(offset, offset + 4)) === "TREE") nodes.push(offset);
  }
  for (const node of nodes) view.setBigUint64(node + 32, BigInt(node), true);
  assert.throws(() => openHdf5(bytes, "bad.h5").names, {
    name: INPUT_ERROR,
    message: /found a group that leads into itself/,
  });
});

Deno.test("a header that continues into itself is refused", () => {
  const bytes = new Uint8Array(256);
  bytes.set(H5.subarray(0, 96));
  const view = new DataView(bytes.buffer);
  view.setBigUint64(64, 96n, true);
  view.setUint8(96, 1);
  view.setUint32(104, 24, true);
  view.setUint16(112, 0x10, true);
  view.setUint16(114, 16, true);
  view.setBigUint64(120, 112n, true);
  view.setBigUint64(128, 24n, true);
  assert.throws(() => openHdf5(bytes, "bad.h5"), {
    name: INPUT_ERROR,
    message: /found a header that continues into itself/,
  });
});

Deno.test("layers that need their own output, and connections to nowhere, are refused", async () => {
  const dense = (name: string, source: string, call = 0) => ({
    class_name: "Dense",
    name,
    config: { name, units: 3 },
    inbound_nodes: [[[source, call, 0, {}]]],
  });
  const input = {
    class_name: "InputLayer",
    name: "in",
    config: { name: "in", batch_input_shape: [null, 3] },
    inbound_nodes: [],
  };
  const model = (...layers: unknown[]) => ({
    class_name: "Functional",
    config: {
      name: "net",
      layers: [input, ...layers],
      input_layers: [["in", 0, 0]],
      output_layers: [["a", 0, 0]],
    },
  });
  const refuse = (config: unknown, message: RegExp) => assertRefused(encodeH5(config, {}), message);
  await refuse(model(dense("a", "b"), dense("b", "a")), /layer "a" needs its own output/);
  await refuse(model(dense("a", "in", 7)), /found a connection to call 7 of layer "in"/);
  await refuse(model(dense("a", "gone")), /layer a is called with \["gone",0,0,\{\}\]/);
  await refuse(model(dense("a", "in"), dense("a", "in")), /found the layer name "a" twice/);
});

Deno.test("models in models without end are refused", async () => {
  let model: unknown = MODEL;
  for (let depth = 0; depth < 3000; depth++) {
    model = { class_name: "Sequential", config: { name: `m${depth}`, layers: [model] } };
  }
  await assertRefused(encodeH5(model, {}), /found more than 16 models in one another/);
});
