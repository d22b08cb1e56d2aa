import assert from "node:assert/strict";
import { join } from "node:path";
import { zipSync } from "fflate";
import type { DatasetSource } from "../../src/data/open_format.ts";
import { fingerprintImages } from "../../src/data/fingerprint.ts";
import { ImageFaults } from "../../src/data/image_faults.ts";
import { openDataset } from "../../src/data/open_dataset.ts";
import { readBatch } from "../../src/data/batches.ts";
import { shareDataset } from "../../src/data/share_dataset.ts";
import type { InputPreparation } from "../../src/model/preprocessing.ts";
import {
  encodeIdxImages,
  encodeIdxLabels,
  encodeNpy,
  imageInputs,
  inTempFolder,
  randomBytes,
  writeFile,
} from "./fixtures.ts";

const halved = (channels: number) => ({
  scale: 0.5,
  mean: new Array(channels).fill(1),
  std: new Array(channels).fill(1),
  channelOrder: "rgb" as const,
});

/** An image of bytes, a map of floats and a vector. */
const RGB: InputPreparation = { name: "rgb", shape: [2, 3, 3], transform: halved(3) };
const DEPTH: InputPreparation = { name: "depth", shape: [2, 3, 1] };
const META: InputPreparation = { name: "meta", shape: [4] };
const INPUTS = [RGB, DEPTH, META];

const rgb = (rows: number) => encodeNpy("|u1", `(${rows}, 2, 3, 3)`, randomBytes(18 * rows, 1));
const floats = (length: number) => Float32Array.from({ length }, (_, index) => index / 8);
const depth = (rows: number) => encodeNpy("<f4", `(${rows}, 2, 3)`, floats(6 * rows));
const meta = (rows: number) => encodeNpy("<f4", `(${rows}, 4)`, floats(4 * rows));
const labels = (rows: number) =>
  encodeNpy("|u1", `(${rows},)`, Uint8Array.from({ length: rows }, (_, row) => row % 2));

const withFile = (
  arrays: Record<string, Uint8Array>,
  run: (path: string) => Promise<void>,
) =>
  inTempFolder(async (folder) => {
    const path = join(folder, "set.npz");
    const entries = Object.entries(arrays).map(([key, value]) => [`${key}.npy`, value]);
    await writeFile(path, zipSync(Object.fromEntries(entries)));
    await run(path);
  });

const SPLIT = {
  rgb_train: rgb(6),
  depth_train: depth(6),
  meta_train: meta(6),
  y_train: labels(6),
  rgb_test: rgb(2),
  depth_test: depth(2),
  meta_test: meta(2),
  y_test: labels(2),
};

Deno.test("row i of every array belongs together, bytes prepared and floats as they are", () =>
  withFile(SPLIT, async (path) => {
    const { train, test, heldOut, classes } = await openDataset(path, { inputs: INPUTS });
    assert.deepEqual([train.length, test.length, heldOut, classes], [6, 2, false, ["0", "1"]]);
    assert.match(train.describe(4), /set\.npz, rgb_train and depth_train and meta_train, row 4$/);
    const batch = await readBatch(train, [4, 1], INPUTS, new ImageFaults());
    const [pixels, depths, metas] = batch.inputs;
    const bytes = randomBytes(108, 1);
    const wanted = [4, 1].flatMap((row) => [...bytes.subarray(18 * row, 18 * row + 18)]);
    assert.deepEqual([...pixels], wanted.map((byte) => byte / 2 - 1));
    const rowsOf = (size: number) =>
      [4, 1].flatMap((row) => [...floats(6 * size).subarray(size * row, size * row + size)]);
    assert.deepEqual([[...depths], [...metas]], [rowsOf(6), rowsOf(4)]);
    assert.deepEqual([...batch.labels!], [0, 1]);
  }));

Deno.test("arrays without splits are one for each input, and a fifth is set aside row by row", () =>
  withFile({ rgb: rgb(10), depth: depth(10), meta: meta(10), y: labels(10) }, async (path) => {
    const { train, test, heldOut } = await openDataset(path, { inputs: INPUTS });
    assert.deepEqual([train.length, test.length, heldOut], [8, 2, true]);
    const { inputs: [, depths, metas] } = await readBatch(test, [0, 1], INPUTS, new ImageFaults());
    for (const row of [0, 1]) {
      const place = Number(/row (\d+)$/.exec(test.describe(row))![1]);
      assert.deepEqual([depths[6 * row], metas[4 * row]], [6 * place / 8, 4 * place / 8]);
    }
  }));

Deno.test("metadata may say that floats are prepared too", () =>
  withFile(SPLIT, async (path) => {
    const prepared = { ...META, transform: halved(4), preparesFloats: true };
    const inputs = [RGB, DEPTH, prepared];
    const { train } = await openDataset(path, { inputs });
    const batch = await readBatch(train, [1], inputs, new ImageFaults());
    assert.deepEqual([...batch.inputs[2]], [4, 5, 6, 7].map((value) => value / 16 - 1));
  }));

Deno.test("a vector of bytes is prepared by its channels", () => {
  const bytes = encodeNpy("|u1", "(6, 4)", Uint8Array.from({ length: 24 }, (_, at) => at));
  return withFile({ ...SPLIT, meta_train: bytes, meta_test: bytes.slice() }, async (path) => {
    const transform = { ...halved(4), mean: [0, 1, 2, 3] };
    const inputs = [RGB, DEPTH, { ...META, transform }];
    await assert.rejects(openDataset(path, { inputs }), /meta_test: found 6 rows, wanted 2/);
    await withFile({ ...SPLIT, meta_train: bytes, meta_test: meta(2) }, async (path) => {
      const { train } = await openDataset(path, { inputs });
      const batch = await readBatch(train, [1], inputs, new ImageFaults());
      assert.deepEqual([...batch.inputs[2]], [2, 1.5, 1, 0.5]);
    });
  });
});

Deno.test("an image of four bands is taken, and resized when it is bytes", async () => {
  const bands = { name: "bands", shape: [2, 2, 4], transform: halved(4) };
  const pixels = Uint8Array.from({ length: 2 * 4 * 4 * 4 }, (_, index) => 10 * (index % 4));
  await withFile({ x: encodeNpy("|u1", "(2, 4, 4, 4)", pixels) }, async (path) => {
    const { train } = await openDataset(path, { inputs: [bands] });
    const batch = await readBatch(train, [0], [bands], new ImageFaults());
    const wanted = Array.from({ length: 16 }, (_, index) => 5 * (index % 4) - 1);
    assert.deepEqual([...batch.inputs[0]], wanted);
  });
});

function withoutArray(name: string): Record<string, Uint8Array> {
  return Object.fromEntries(Object.entries(SPLIT).filter(([key]) => key !== name));
}

const FAULTS: [string, Record<string, Uint8Array>, InputPreparation[], RegExp][] = [
  [
    "an input without its array",
    { rgb_train: rgb(6), depth_train: depth(6), y_train: labels(6) },
    INPUTS,
    /found the arrays rgb_train, depth_train, y_train but not meta_train, wanted one for every input.*meta_train, y_train, rgb_test.* or rgb, depth, meta, y/,
  ],
  [
    "a test split that lacks an input",
    withoutArray("depth_test"),
    INPUTS,
    /but not depth_test, wanted one for every input/,
  ],
  [
    "x in the place of the inputs",
    { x: rgb(6), y: labels(6) },
    INPUTS,
    /found the arrays x, y, wanted rgb_train, depth_train, meta_train/,
  ],
  [
    "other numbers of rows",
    { ...SPLIT, meta_train: meta(5) },
    INPUTS,
    /set\.npz, meta_train: found 5 rows, wanted 6 as in rgb_train: row i of every array/,
  ],
  [
    "a vector of another length",
    SPLIT,
    [RGB, DEPTH, { ...META, shape: [7] }],
    /meta_train: found 6×4 numbers of type <f4, wanted N×7 for the input "meta", floats or bytes/,
  ],
  [
    "floats of another size",
    SPLIT,
    [RGB, { ...DEPTH, shape: [3, 3, 1] }, META],
    /depth_train: found floats of 2×3×1, wanted 3×3×1/,
  ],
  [
    "whole numbers for a vector",
    { ...SPLIT, meta_train: encodeNpy("<i4", "(6, 4)", new Int32Array(24)) },
    INPUTS,
    /meta_train: found 6×4 numbers of type <i4, wanted N×4 for the input "meta"/,
  ],
  [
    "bytes of which nothing says how they are prepared",
    { ...SPLIT, depth_train: encodeNpy("|u1", "(6, 2, 3)", randomBytes(36)) },
    INPUTS,
    /depth_train: found bytes \(uint8\) for the input "depth", .*; give inputs\.depth\.preset, inputs\.depth\.mean, .* or inputs\.depth\.scale/,
  ],
  [
    "colors for an input of four bands",
    { x: rgb(6) },
    [{ name: "bands", shape: [2, 3, 4], transform: halved(4) }],
    /, x: found 6×2×3×3 numbers of type \|u1, wanted bytes \(uint8\) of 4 channels/,
  ],
  [
    "an input by the name of the labels",
    SPLIT,
    [RGB, { ...META, name: "y" }],
    /found an input "y" of the model, wanted another name for it: the array y holds the labels/,
  ],
];

for (const [what, arrays, inputs, message] of FAULTS) {
  Deno.test(`.npz of several inputs: ${what} are refused by name`, () =>
    withFile(arrays, async (path) => {
      await assert.rejects(openDataset(path, { inputs }), { name: "InputError", message });
    }));
}

Deno.test("pictures are refused for several inputs, and for one that is no picture", () =>
  inTempFolder(async (folder) => {
    await writeFile(`${folder}/train-images-idx3-ubyte`, encodeIdxImages(4, 2, 3));
    await writeFile(`${folder}/train-labels-idx1-ubyte`, encodeIdxLabels([0, 1, 0, 1]));
    await assert.rejects(openDataset(folder, { inputs: INPUTS }), {
      name: "InputError",
      message: /found 4 pictures \(IDX\), wanted an \.npz .* for every input: rgb, depth, meta/,
    });
    for (const input of [META, { ...RGB, shape: [2, 3, 4], transform: halved(4) }]) {
      await assert.rejects(
        openDataset(folder, { inputs: [input] }),
        /wanted an \.npz file with x of N×/,
      );
    }
  }));

Deno.test("threads share the arrays of a file, and read from them what is in it", () =>
  withFile(SPLIT, async (path) => {
    const shared = await shareDataset(path, INPUTS);
    assert.ok(typeof shared === "object" && "arrays" in shared);
    assert.equal(shared.arrays.size, 8);
    for (const { values } of shared.arrays.values()) {
      assert.ok(values.buffer instanceof SharedArrayBuffer);
    }
    const readAll = async (place: DatasetSource) => {
      const { train, classes } = await openDataset(place, { inputs: INPUTS });
      const { inputs } = await readBatch(train, [0, 1, 2, 3, 4, 5], INPUTS, new ImageFaults());
      return [classes, train.labels, inputs];
    };
    assert.deepEqual(await readAll(structuredClone(shared)), await readAll(path));
  }));

Deno.test("what is no .npz file is left to every thread", () =>
  inTempFolder(async (folder) => {
    assert.equal(await shareDataset(folder, INPUTS), folder);
    const memory = { classes: ["a"], train: { images: [], labels: [] } };
    assert.equal(await shareDataset(memory, INPUTS), memory);
  }));

async function sha256(...parts: Uint8Array<ArrayBuffer>[]): Promise<string> {
  const bytes = await new Blob(parts).arrayBuffer();
  return new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)).toHex();
}

Deno.test("the fingerprint of pictures is that of their size, labels and bytes", () =>
  withFile({ x_train: rgb(6), y_train: labels(6) }, async (path) => {
    const { inputs } = imageInputs(2, 3, 3);
    const { train } = await openDataset(path, { inputs });
    const rows = await readBatch(train, [...train.labels!.keys()], inputs, new ImageFaults());
    const wanted = await sha256(
      new TextEncoder().encode("[2,3,3]"),
      new Uint8Array(train.labels!.slice().buffer),
      Uint8Array.from(rows.inputs[0]),
    );
    assert.equal(await fingerprintImages(train, inputs), wanted);
  }));

Deno.test("the fingerprint of several inputs depends on all of them, and on their names", async () => {
  const printOf = async (arrays: Record<string, Uint8Array>, inputs: InputPreparation[]) => {
    let print = "";
    await withFile(arrays, async (path) => {
      const { train } = await openDataset(path, { inputs: INPUTS });
      print = await fingerprintImages(train, inputs);
    });
    return print;
  };
  const whole = await printOf(SPLIT, INPUTS);
  assert.equal(await printOf({ ...SPLIT }, INPUTS), whole);
  const changed = encodeNpy("<f4", "(6, 4)", floats(24).with(3, 9));
  assert.notEqual(await printOf({ ...SPLIT, meta_train: changed }, INPUTS), whole);
  assert.notEqual(await printOf(SPLIT, [RGB, DEPTH, { ...META, name: "other" }]), whole);
});

const WORDS = [{ name: "words", shape: [3], isWhole: true, wordCount: 5 }];

Deno.test("words that an Embedding has not, and numbers between words, are refused with row and value", async () => {
  const wrong: [string, ArrayBufferView<ArrayBuffer>, string][] = [
    ["<i4", Int32Array.of(0, 1, 2, 3, 5, 4), "5"],
    ["<i8", BigInt64Array.of(0n, 1n, 2n, 3n, -1n, 4n), "-1"],
    ["|u1", Uint8Array.of(0, 1, 2, 3, 200, 4), "200"],
    ["<f4", Float32Array.of(0, 1, 2, 3, 1.5, 4), "1\\.5"],
    ["<f8", Float64Array.of(0, 1, 2, 3, NaN, 4), "NaN"],
  ];
  for (const [type, numbers, found] of wrong) {
    await withFile({ x: encodeNpy(type, "(2, 3)", numbers) }, async (path) => {
      await assert.rejects(openDataset(path, { inputs: WORDS }), {
        name: "InputError",
        message: new RegExp(
          `, x: found ${found} in row 1, wanted a whole number from 0 to 4, .*; mend`,
        ),
      });
    });
  }
});

Deno.test("bytes are words where nothing says how they are prepared", () =>
  withFile({ x: encodeNpy("|u1", "(2, 3)", Uint8Array.of(0, 1, 2, 3, 4, 4)) }, async (path) => {
    const { train } = await openDataset(path, { inputs: WORDS });
    const [words] = train.allocate();
    await train.read(0, [words]);
    assert.ok(words instanceof Float32Array && words.every((word) => word < 5));
  }));
