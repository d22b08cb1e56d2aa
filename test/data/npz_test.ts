import assert from "node:assert/strict";
import { join } from "node:path";
import { zipSync } from "fflate";
import { describeDataset, openDataset } from "../../src/data/open_dataset.ts";
import { ImageFaults } from "../../src/data/image_faults.ts";
import { readBatch } from "../../src/data/batches.ts";
import { readNpy } from "../../src/data/npy.ts";
import { encodeNpy, imageInputs, inTempFolder } from "./fixtures.ts";

/**
 * numpy.savez_compressed of NumPy 2.4: x_train = 7 · arange(30).reshape(5, 2, 3) as uint8, y_train = [2, 0, 1, 2, 0] as
 * int64, x_test = x_train[:2] + 1, y_test = [1, 1].
 */
const BY_NUMPY = Uint8Array.fromBase64(
  "UEsDBC0AAAAIAAAAIQCzMJ93//////////8LABQAeF90cmFpbi5ucHkBABAAngAAAAAAAABoAAAAAAAAAJvsF+obEMnI" +
    "UMZQrZ6SWpxcpG6loF5Taqiuo6Cell9UUpSYF59flJIKEndLzClOBYoXZyQWpAL5GqY6CkY6CsaaOgq1CuQBLgZ2PlEZ" +
    "ZS1DC3s335DopMyC8rrWnsmzFq5Yv23vkdMAUEsDBC0AAAAIAAAAIQDtZoOv//////////8LABQAeV90cmFpbi5ucHkB" +
    "ABAAqAAAAAAAAABMAAAAAAAAAJvsF+obEMnIUMZQrZ6SWpxcpG6loG6TaaGuo6Cell9UUpSYF59flJIKEndLzClOBYoX" +
    "ZyQWpAL5GqY6mjoKtQoUAC4mBlTACKXRxQFQSwMELQAAAAgAAAAhAEtItf///////////woAFAB4X3Rlc3QubnB5AQAQ" +
    "AIwAAAAAAAAAVAAAAAAAAACb7BfqGxDJyFDGUK2eklqcXKRupaBeU2qorqOgnpZfVFKUmBefX5SSChJ3S8wpTgWKF2ck" +
    "FqQC+RpGOgpAZKypo1CrQB7gYuTgF5NV0TaydHD3AwBQSwMELQAAAAgAAAAhAO/7k2f//////////woAFAB5X3Rlc3Qu" +
    "bnB5AQAQAJAAAAAAAAAASQAAAAAAAACb7BfqGxDJyFDGUK2eklqcXKRupaBuk2mhrqOgnpZfVFKUmBefX5SSChJ3S8wp" +
    "TgWKF2ckFqQC+RpGOpo6CrUKFAAuRgYIgNEAUEsBAi0DLQAAAAgAAAAhALMwn3doAAAAngAAAAsAAAAAAAAAAAAAAIAB" +
    "AAAAAHhfdHJhaW4ubnB5UEsBAi0DLQAAAAgAAAAhAO1mg69MAAAAqAAAAAsAAAAAAAAAAAAAAIABpQAAAHlfdHJhaW4u" +
    "bnB5UEsBAi0DLQAAAAgAAAAhAEtItf9UAAAAjAAAAAoAAAAAAAAAAAAAAIABLgEAAHhfdGVzdC5ucHlQSwECLQMtAAAA" +
    "CAAAACEA7/uTZ0kAAACQAAAACgAAAAAAAAAAAAAAgAG+AQAAeV90ZXN0Lm5weVBLBQYAAAAABAAEAOIAAABDAgAAAAA=",
);

/** The same of x = linspace(-1, 1, 24).reshape(4, 2, 3, 1) and y = eye(2)[[0, 1, 1, 0]], both float64. */
const FLOATS_BY_NUMPY = Uint8Array.fromBase64(
  "UEsDBC0AAAAIAAAAIQDg+rVt//////////8FABQAeC5ucHkBABAAQAEAAAAAAADFAAAAAAAAAJvsF+obEMnIUMZQrZ6S" +
    "WpxcpG6loG6TZqGuo6Cell9UUpSYF59flJIKEndLzClOBYoXZyQWpAL5GiY6CkY6CsY6CoaaOgq1CmQALgYw+LD/yux7" +
    "X5aZv92/3HzvS9/8V/urLoMEnu/3ywexnuxX4o484ST2aP8rX7DA/gmtOimK3Df3W4CUV13efwBMnd7PA1K26cD+BEWQ" +
    "hmUw2p4DIm4PVWcP1WcPNcf+BcRcewWIPfZQe+2h7rBfBnGXPdSd9lB32wMAUEsDBC0AAAAIAAAAIQAtUEbT////////" +
    "//8FABQAeS5ucHkBABAAwAAAAAAAAABTAAAAAAAAAJvsF+obEMnIUMZQrZ6SWpxcpG6loG6TZqGuo6Cell9UUpSYF59f" +
    "lJIKEndLzClOBYoXZyQWpAL5GiY6CkaaOgq1CmQDLgYw+GDPgBWgi8P4CHEAUEsBAi0DLQAAAAgAAAAhAOD6tW3FAAAA" +
    "QAEAAAUAAAAAAAAAAAAAAIABAAAAAHgubnB5UEsBAi0DLQAAAAgAAAAhAC1QRtNTAAAAwAAAAAUAAAAAAAAAAAAAAIAB" +
    "/AAAAHkubnB5UEsFBgAAAAACAAIAZgAAAIYBAAAAAA==",
);

const SHAPE = imageInputs(2, 3, 1);

/** Halves bytes, takes 1 off and halves again. */
function preparedInputs(channels: number) {
  const [{ shape }] = imageInputs(2, 3, channels).inputs;
  const [mean, std] = [1, 2].map((value) => new Array(channels).fill(value));
  const transform = { scale: 0.5, mean, std, channelOrder: "rgb" as const };
  return [{ name: "image", shape, transform }];
}

const bytesOf = (length: number) => Uint8Array.from({ length }, (_, index) => index);

/** Opens a file of arrays. */
const withArrays = (
  arrays: Record<string, Uint8Array> | Uint8Array,
  run: (path: string) => Promise<void>,
) =>
  inTempFolder(async (folder) => {
    const path = join(folder, "set.npz");
    const isFile = arrays instanceof Uint8Array;
    const entries = isFile
      ? []
      : Object.entries(arrays).map(([key, value]) => [`${key}.npy`, value]);
    await Deno.writeFile(path, isFile ? arrays : zipSync(Object.fromEntries(entries)));
    await run(path);
  });

Deno.test("a file that NumPy wrote is read: images, labels and splits", () =>
  withArrays(BY_NUMPY, async (path) => {
    const { format, classes, train, test, heldOut } = await openDataset(path, SHAPE);
    assert.deepEqual([format, classes, heldOut], ["npz", ["0", "1", "2"], false]);
    assert.deepEqual([[...train.labels!], [...test.labels!]], [[2, 0, 1, 2, 0], [1, 1]]);
    const out = new Uint8Array(6);
    await train.read(3, [out]);
    assert.deepEqual([...out], [18, 19, 20, 21, 22, 23].map((value) => 7 * value));
    await test.read(1, [out]);
    assert.deepEqual([...out], [6, 7, 8, 9, 10, 11].map((value) => 7 * value + 1));
    assert.match(train.describe(3), /set\.npz, x_train, image 3/);
    const { shape, classes: described } = await describeDataset(path);
    assert.deepEqual([shape, described.length], [{ height: 2, width: 3, channels: 1 }, 3]);
  }));

Deno.test("floats are what the network reads, and one-hot rows are classes", () =>
  withArrays(FLOATS_BY_NUMPY, async (path) => {
    const { train, test, classes, heldOut } = await openDataset(path, SHAPE);
    assert.deepEqual([classes, heldOut, train.length + test.length], [["0", "1"], true, 4]);
    const { inputs: [images], labels } = await readBatch(
      ...[train, Int32Array.of(0), preparedInputs(1), new ImageFaults()] as const,
    );
    const index = Number(/image (\d)$/.exec(train.describe(0))![1]);
    images.forEach((value, place) => {
      assert.ok(Math.abs(value - (-1 + 2 * (6 * index + place) / 23)) < 1e-6);
    });
    assert.deepEqual([...labels!], [[0, 1, 1, 0][index]]);
    await assert.rejects(describeDataset(path), /found floats, wanted bytes/);
    await assert.rejects(
      openDataset(path, imageInputs(4, 3, 1)),
      /found floats of 2×3×1, wanted 4×3×1.*bytes \(uint8\) would be resized/,
    );
  }));

Deno.test("bytes are preprocessed and resized as those of any file, colors too", () =>
  withArrays({ x: encodeNpy("|u1", "(2, 2, 3, 3)", bytesOf(36)) }, async (path) => {
    const { train, classes } = await openDataset(path, imageInputs(2, 3, 3));
    assert.equal(classes, undefined);
    assert.equal(train.labels, undefined);
    const batch = await readBatch(train, Int32Array.of(0), preparedInputs(3), new ImageFaults());
    assert.equal(batch.labels, undefined);
    const first = Number(/image (\d)$/.exec(train.describe(0))![1]) * 18;
    assert.equal(batch.inputs[0][0], (first * 0.5 - 1) / 2);
    const grown = await openDataset(path, imageInputs(4, 6, 1));
    await grown.train.read(0, [new Uint8Array(24)]);
  }));

Deno.test("numbers to be predicted are no classes", async () => {
  const x = encodeNpy("|u1", "(2, 2, 3)", bytesOf(12));
  const targets: [y: Uint8Array, why: RegExp][] = [
    [encodeNpy("<f4", "(2,)", Float32Array.of(2, 0.5)), /, y, row 1: found 0\.5, wanted a whole/],
    [encodeNpy("<f4", "(2,)", Float32Array.of(NaN, 2)), /, y, row 0: found NaN, wanted a whole/],
    [
      encodeNpy("<f8", "(2, 3)", Float64Array.of(0, 1, 0, 1, 0, 0.5)),
      /, y, row 1: found 1, 0, 0\.5, wanted a single 1 among zeros/,
    ],
    [encodeNpy("|u1", "(2, 2, 3)", bytesOf(12)), /, y: found 2×2×3 numbers, wanted one a row/],
  ];
  for (const [y, why] of targets) {
    await withArrays({ x, y }, async (path) => {
      const { classes, whyNoClasses } = await openDataset(path, SHAPE);
      assert.equal(classes, undefined);
      assert.match(whyNoClasses!, why);
    });
  }
});

Deno.test("floats that are whole but beyond the outputs say why they are no classes", () => {
  const x = encodeNpy("|u1", "(2, 2, 3)", bytesOf(12));
  return withArrays({ x, y: encodeNpy("<f4", "(2,)", Float32Array.of(0, 3)) }, async (path) => {
    const { classes, whyNoClasses } = await openDataset(path, { ...SHAPE, outputs: 3 });
    assert.equal(classes, undefined);
    assert.match(whyNoClasses!, /, y, row 1: found label 3, wanted 0 to 2, one per output/);
  });
});

Deno.test("labels that begin at 1 are to be numbered from 0", () => {
  const x = encodeNpy("|u1", "(2, 2, 3)", bytesOf(12));
  return withArrays({ x, y: encodeNpy("|u1", "(2,)", Uint8Array.of(1, 2)) }, async (path) => {
    await assert.rejects(openDataset(path, { ...SHAPE, outputs: 2 }), {
      message: /row 1: found label 2, wanted 0 to 1, .*; number the classes from 0$/,
    });
  });
});

const IMAGES = encodeNpy("|u1", "(2, 2, 3)", bytesOf(12));

const FAULTS: [sentence: string, arrays: Record<string, Uint8Array>, message: RegExp][] = [
  [
    "pickled objects",
    { x: encodeNpy("|O", "(2, 2, 3)", bytesOf(12)) },
    /x\.npy: found Python objects \(pickle\), wanted one of \|u1/,
  ],
  [
    "a huge shape over few bytes",
    { x: encodeNpy("<f8", "(4000000000, 4000000000, 4000000000)", bytesOf(8)) },
    /x\.npy: found 8 bytes of numbers, wanted 5\.12e\+29 for 4000000000×/,
  ],
  [
    "an array that is cut off",
    { x: encodeNpy("|u1", "(2, 2, 3)", bytesOf(11)) },
    /x\.npy: found 11 bytes of numbers, wanted 12 for 2×2×3 of type \|u1; the file is damaged/,
  ],
  [
    "a header that is longer than the file",
    { x: IMAGES.with(8, 255).with(9, 30) },
    /x\.npy: found a header of 7935 bytes in \d+/,
  ],
  [
    "a header that is no plain dictionary",
    { x: encodeNpy("|u1", "(2, 2, __import__('os'))", bytesOf(12)) },
    /x\.npy: found the header .*__import__/,
  ],
  ["what is no array", { x: bytesOf(40) }, /x\.npy: found no magic number of NumPy/],
  ["another version", { x: IMAGES.with(6, 9) }, /x\.npy: found version 9/],
  [
    "complex numbers",
    { x: encodeNpy("<c8", "(1, 1, 1)", bytesOf(8)) },
    /x\.npy: found numbers of type <c8, wanted one of .*<f2/,
  ],
  [
    "images that are flat",
    { x: encodeNpy("|u1", "(2, 6)", bytesOf(12)) },
    /, x: found an array of 2×6, wanted images/,
  ],
  [
    "whole numbers as images",
    { x: encodeNpy("<i4", "(1, 1, 2)", Int32Array.of(1, 2)) },
    /, x: found 1×1×2 numbers of type <i4, wanted bytes/,
  ],
  [
    "other arrays",
    { images: IMAGES, labels: IMAGES },
    /found the arrays images, labels, wanted x_train/,
  ],
  [
    "too few labels",
    { x: IMAGES, y: encodeNpy("|u1", "(1,)", bytesOf(1)) },
    /, y: found 1 rows, wanted 2, one per image/,
  ],
  [
    "a negative label",
    { x: IMAGES, y: encodeNpy("<i8", "(2,)", BigInt64Array.of(0n, -1n)) },
    /, y: found label -1 in row 1/,
  ],
  [
    "a label without end",
    { x: IMAGES, y: encodeNpy("<u4", "(2,)", Uint32Array.of(0, 4e9)) },
    /, y: found label 4000000000 in row 1/,
  ],
  [
    "classes in one split alone",
    { x_train: IMAGES, x_test: IMAGES, y_test: encodeNpy("|u1", "(2,)", bytesOf(2)) },
    /found classes in y_test only/,
  ],
  [
    "scores in one split alone",
    {
      x_train: IMAGES,
      y_train: encodeNpy("<i8", "(2,)", BigInt64Array.of(0n, 1n)),
      x_test: IMAGES,
      y_test: encodeNpy("<f4", "(2,)", Float32Array.of(0, 2.5)),
    },
    /found classes in y_train only, .*, y_test, row 1: found 2\.5, wanted a whole number/,
  ],
  [
    "names of classes as labels",
    { x: IMAGES, y: encodeNpy("<U1", "(2,)", bytesOf(8)) },
    /y\.npy: found text \(<U1\), wanted one of .*; number the classes from 0/,
  ],
  [
    "a label that the train split lacks",
    {
      x_train: IMAGES,
      y_train: encodeNpy("|u1", "(2,)", Uint8Array.of(0, 1)),
      x_test: IMAGES,
      y_test: encodeNpy("|u1", "(2,)", Uint8Array.of(0, 5)),
    },
    /, y_test, row 1: found label 5, wanted 0 to 1/,
  ],
];

for (const [what, arrays, message] of FAULTS) {
  Deno.test(`.npz: ${what} are refused by name`, () =>
    withArrays(arrays, async (path) => {
      await assert.rejects(openDataset(path, SHAPE), { name: "InputError", message });
    }));
}

Deno.test("an array that declares more than its bytes can hold is refused before it is inflated", () => {
  const zip = zipSync({ "x.npy": IMAGES });
  const view = new DataView(zip.buffer);
  const directory = view.getUint32(zip.length - 6, true);
  view.setUint32(directory + 24, 0x7fff_ffff, true);
  return withArrays(zip, async (path) => {
    await assert.rejects(openDataset(path, SHAPE), {
      name: "InputError",
      message: /found x\.npy of 2147483647 bytes in \d+, wanted at most.*do not use this file/,
    });
  });
});

Deno.test("files that are no data set are named as what they are, with what to do", async () => {
  const beginnings: [bytes: Uint8Array, message: RegExp][] = [
    [IMAGES, /found a single NumPy array, .*; save images and labels together with numpy\.savez/],
    [
      Uint8Array.of(0, 0, 8, 3, 0, 0, 0, 1),
      /found an IDX file, .*; give the folder that it lies in/,
    ],
    [Uint8Array.of(0x1f, 0x8b, 8), /found a gzip archive, .*; give the folder .* unpack it/],
    [Uint8Array.of(0xff, 0xd8, 0xff), /found an image, .*; give the folder that it lies in/],
    [new Uint8Array(0), /found a file, .*; give the folder or file of such a data set/],
    [zipSync({ "train/a/0.png": bytesOf(4) }), /found a zip archive without arrays .*; unpack it/],
  ];
  for (const [bytes, message] of beginnings) {
    await withArrays(
      bytes,
      (path) => assert.rejects(openDataset(path, SHAPE), { name: "InputError", message }),
    );
  }
});

Deno.test("a file that is no archive, and a broken one, are refused", async () => {
  await withArrays(bytesOf(50), async (path) => {
    await assert.rejects(
      openDataset(path, SHAPE),
      /set\.npz: found a file, wanted one of: an \.npz/,
    );
  });
  const zip = zipSync({ "x.npy": IMAGES });
  await withArrays(zip.subarray(0, zip.length - 30), async (path) => {
    await assert.rejects(openDataset(path, SHAPE), /found an archive that does not inflate/);
  });
});

Deno.test("arrays of all versions and number types are read, wherever they lie in memory", () => {
  for (const version of [1, 2, 3]) {
    for (const offset of [0, 1, 3]) {
      const encoded = encodeNpy("<i8", "(2,)", BigInt64Array.of(5n, -7n), { version });
      const moved = new Uint8Array(encoded.length + offset);
      moved.set(encoded, offset);
      const { shape, type, values } = readNpy(moved.subarray(offset), "moved");
      assert.deepEqual([shape, type, [...values]], [[2], "<i8", [5n, -7n]]);
    }
  }
  const scalar = readNpy(encodeNpy("<f8", "()", Float64Array.of(0.5)), "scalar");
  assert.deepEqual([scalar.shape, [...scalar.values]], [[], [0.5]]);
});

for (const stranger of [NaN, Infinity, -Infinity]) {
  Deno.test(`${stranger} among floats is refused with its array and row`, () => {
    const values = new Float32Array(4 * 6).fill(0.5);
    values[2 * 6 + 3] = stranger;
    const y = encodeNpy("<i4", "(4,)", Int32Array.of(0, 1, 0, 1));
    return withArrays(
      { x: encodeNpy("<f4", "(4, 2, 3, 1)", values), y },
      (path) =>
        assert.rejects(
          openDataset(path, SHAPE),
          new RegExp(`set\\.npz, x: found ${stranger} in row 2, wanted finite numbers`),
        ),
    );
  });
}

Deno.test("float16, big-endian numbers and Fortran order are read", () => {
  const read = (...array: Parameters<typeof encodeNpy>) => readNpy(encodeNpy(...array), "array");
  const halves = read(
    ...[
      "<f2",
      "(8,)",
      Uint16Array.of(0x3c00, 0xc000, 0x3555, 1, 0x3ff, 0x7bff, 0x8000, 0x7c00),
    ] as const,
  );
  const wanted = [1, -2, 0.333251953125, 2 ** -24, 1023 * 2 ** -24, 65504, -0, Infinity];
  assert.deepEqual([halves.type, [...halves.values]], ["<f4", wanted]);
  const big = Uint8Array.of(0xbf, 0x80, 0, 0, 0x40, 0x20, 0, 0);
  assert.deepEqual([...read(">f4", "(2,)", big).values], [-1, 2.5]);
  assert.deepEqual([...read(">f2", "(1,)", Uint8Array.of(0x3c, 0)).values], [1]);
  assert.deepEqual([...read(">i2", "(2,)", Uint8Array.of(1, 2, 0xff, 0xfe)).values], [258, -2]);
  assert.deepEqual([...read(">i8", "(1,)", new Uint8Array(8).fill(255)).values], [-1n]);
  const order = { order: "True" };
  const columns = read("|u1", "(2, 3)", Uint8Array.of(0, 3, 1, 4, 2, 5), order);
  assert.deepEqual([...columns.values], [0, 1, 2, 3, 4, 5]);
  const cube = Float32Array.from({ length: 24 }, (_, index) => {
    const [i, j, k] = [index % 2, Math.floor(index / 2) % 3, Math.floor(index / 6)];
    return (i * 3 + j) * 4 + k;
  });
  assert.deepEqual([...read("<f4", "(2, 3, 4)", cube, order).values], Array.from(cube.keys()));
});

const SIX_IMAGES = encodeNpy("|u1", "(6, 2, 3)", bytesOf(36));

Deno.test("labels without the highest class fit a network that has it", async () => {
  const y = encodeNpy("<i8", "(6,)", BigInt64Array.of(0n, 1n, 1n, 0n, 1n, 0n));
  await withArrays({ x: SIX_IMAGES, y }, async (path) => {
    const { classes } = await openDataset(path, { ...SHAPE, outputs: 4 });
    assert.deepEqual(classes, ["0", "1", "2", "3"]);
    const names = ["a", "b", "c", "d"];
    const named = await openDataset(path, { ...SHAPE, outputs: 4, classes: names });
    assert.deepEqual(named.classes, names);
  });
  const split = { x_train: SIX_IMAGES, y_train: y, x_test: SIX_IMAGES };
  const y_test = encodeNpy("|u1", "(6,)", Uint8Array.of(0, 1, 2, 3, 0, 0));
  await withArrays({ ...split, y_test }, async (path) => {
    const { classes } = await openDataset(path, { ...SHAPE, outputs: 4 });
    assert.equal(classes?.length, 4);
    await assert.rejects(
      openDataset(path, { ...SHAPE, outputs: 3 }),
      /y_test, row 3: found label 3, wanted 0 to 2, one per output of the model/,
    );
  });
});

Deno.test("whole numbers stored as floats are classes where the network has outputs for them", async () => {
  for (const type of ["<f4", "<f8"] as const) {
    const Numbers = type === "<f4" ? Float32Array : Float64Array;
    const y = encodeNpy(type, "(6, 1)", Numbers.of(0, 2, 1, 0, 2, 1));
    await withArrays({ x: SIX_IMAGES, y }, async (path) => {
      const { classes, train } = await openDataset(path, { ...SHAPE, outputs: 3 });
      assert.deepEqual([classes, new Set(train.labels)], [["0", "1", "2"], new Set([0, 1, 2])]);
      for (const outputs of [2, undefined]) {
        const targets = await openDataset(path, { ...SHAPE, outputs });
        assert.deepEqual([targets.classes, targets.train.labels], [undefined, undefined]);
      }
    });
  }
  const arrays = {
    x_train: SIX_IMAGES,
    y_train: encodeNpy("<f4", "(6,)", Float32Array.of(0, 1, 2, 0, 1, 2)),
    x_test: SIX_IMAGES,
    y_test: encodeNpy("<f4", "(6,)", Float32Array.of(0.5, 1, 2, 0, 1, 2)),
  };
  await withArrays(arrays, async (path) => {
    assert.equal((await openDataset(path, { ...SHAPE, outputs: 3 })).classes, undefined);
  });
});
