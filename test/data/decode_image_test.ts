import assert from "node:assert/strict";
import { deflateSync } from "node:zlib";
import { RenewableDecoder } from "../../src/data/decoding/renewable_decoder.ts";
import { decodeImage } from "../../src/data/decode_image.ts";
import {
  encodeChunk,
  encodeFlatJpeg,
  encodeJpeg,
  encodePng,
  joinBytes,
  randomBytes,
} from "./fixtures.ts";
import { ANIMATED_WEBP, AVIF, PICTURES, TURNED } from "./pictures.ts";
import type { ImageError } from "../../src/data/decoding/image_error.ts";

const jpeg = encodeJpeg(24, 16, randomBytes(24 * 16 * 4));
const png = encodePng(randomBytes(6 * 5 * 3), { width: 6, height: 5, colorType: 2 });

Deno.test("a JPEG decodes to its size and, to a few steps, its colors", async () => {
  const { data, height, width, channels } = await decodeImage(encodeFlatJpeg(9, 4, [200, 40, 90]));
  assert.deepEqual([height, width, channels], [4, 9, 4]);
  [200, 40, 90, 255].forEach((value, channel) => assert.ok(Math.abs(data[channel] - value) <= 3));
});

Deno.test("PNGs of every color type decode to the bytes that were stored", async () => {
  const rgb = randomBytes(6 * 5 * 3);
  const { data, height, width } = await decodeImage(png);
  assert.deepEqual([height, width], [5, 6]);
  for (let pixel = 0; pixel < 30; pixel++) {
    assert.deepEqual([...data.subarray(pixel * 4, pixel * 4 + 4)], [
      ...rgb.subarray(pixel * 3, pixel * 3 + 3),
      255,
    ]);
  }
  const firstPixel = async (
    samples: number[],
    options: Partial<Parameters<typeof encodePng>[1]>,
  ) => {
    const bytes = encodePng(Uint8Array.from(samples), {
      width: 1,
      height: 1,
      colorType: 0,
      ...options,
    });
    return [...(await decodeImage(bytes)).data];
  };
  assert.deepEqual(await firstPixel([80], {}), [80, 80, 80, 255]);
  assert.deepEqual(await firstPixel([80, 1], { bitDepth: 16 }), [80, 80, 80, 255]);
  assert.deepEqual(await firstPixel([9, 8, 7, 0], { colorType: 6 }), [9, 8, 7, 0]);
  const palette = Uint8Array.of(1, 2, 3, 4, 5, 6);
  assert.deepEqual(await firstPixel([1], { colorType: 3, palette }), [4, 5, 6, 255]);
});

Deno.test("a truncated JPEG is refused, though libjpeg would fill it with gray", async () => {
  for (const length of [3, 50, jpeg.length >> 1, jpeg.length - 40]) {
    await assert.rejects(decodeImage(jpeg.subarray(0, length)), /damaged JPEG/);
  }
});

Deno.test("a truncated PNG is refused at any length", async () => {
  for (let length = 8; length < png.length; length += 7) {
    await assert.rejects(decodeImage(png.subarray(0, length)), /cut off at byte/);
  }
});

Deno.test("one flipped bit in a PNG is refused", async () => {
  for (let position = 8; position < png.length; position += 5) {
    const damaged = png.slice();
    damaged[position] ^= 0x10;
    await assert.rejects(decodeImage(damaged), /found a PNG/, `byte ${position}`);
  }
});

Deno.test("a PNG whose frame is right and whose pixels are not is refused", async () => {
  const signature = png.subarray(0, 8);
  const header = png.subarray(8, 33);
  const end = encodeChunk("IEND", new Uint8Array(0));
  const build = (data: Uint8Array) =>
    joinBytes([signature, header, encodeChunk("IDAT", data), end]);
  await assert.rejects(decodeImage(build(Uint8Array.of(1, 2, 3))), /pixels do not decode/);
  await assert.rejects(decodeImage(build(deflateSync(new Uint8Array(3)))), /pixels do not decode/);
  await assert.rejects(decodeImage(joinBytes([signature, end])), /starts with "IEND", wanted IHDR/);
});

Deno.test("a PNG that claims a billion pixels is refused before any memory is spent", async () => {
  const huge = encodePng(new Uint8Array(1), { width: 40000, height: 40000, colorType: 0 });
  await assert.rejects(decodeImage(huge), /40000×40000 pixels/);
});

for (const { name, width, height, file, rgb } of PICTURES) {
  Deno.test(`${name}: the pixels are those that Pillow reads`, async () => {
    const image = await decodeImage(Uint8Array.fromBase64(file));
    assert.deepEqual([image.width, image.height, image.channels], [width, height, 4]);
    const steps = largestDifference(image.data, Uint8Array.fromBase64(rgb));
    assert.ok(steps <= (name.includes("JPEG") ? 3 : 0), `${steps} steps`);
  });

  Deno.test(`${name}: a file that is cut off is refused`, async () => {
    const bytes = Uint8Array.fromBase64(file);
    for (const length of [2, 12, 27, bytes.length >> 1]) {
      await assert.rejects(decodeImage(bytes.subarray(0, length)), /found a/, `${length} bytes`);
    }
  });
}

/** Largest difference between RGBA and RGB pixels. */
function largestDifference(rgba: Uint8Array | Uint8ClampedArray, rgb: Uint8Array): number {
  return rgb.reduce((largest, value, index) => {
    const found = rgba[4 * Math.floor(index / 3) + index % 3];
    return Math.max(largest, Math.abs(value - found));
  }, 0);
}

for (const { name, width, height, file, rgb } of TURNED) {
  Deno.test(`EXIF orientation of a ${name}: applied as Pillow does, or ignored`, async () => {
    const bytes = Uint8Array.fromBase64(file);
    const image = await decodeImage(bytes);
    assert.deepEqual([image.width, image.height], [width, height]);
    assert.ok(largestDifference(image.data, Uint8Array.fromBase64(rgb)) <= 4);
    const stored = await decodeImage(bytes, { ignoresOrientation: true });
    assert.deepEqual([stored.width, stored.height], [height, width]);
  });
}

/** What Pillow's `exif_transpose` makes of the pixels 1 2 3 over 4 5 6, by orientation. */
const ORIENTED: readonly [width: number, pixels: number[]][] = [
  [3, [1, 2, 3, 4, 5, 6]],
  [3, [3, 2, 1, 6, 5, 4]],
  [3, [6, 5, 4, 3, 2, 1]],
  [3, [4, 5, 6, 1, 2, 3]],
  [2, [1, 4, 2, 5, 3, 6]],
  [2, [4, 1, 5, 2, 6, 3]],
  [2, [6, 3, 5, 2, 4, 1]],
  [2, [3, 6, 2, 5, 1, 4]],
];

for (const [index, [width, pixels]] of ORIENTED.entries()) {
  Deno.test(`EXIF orientation ${index + 1} of a PNG is applied`, async () => {
    const plain = encodePng(Uint8Array.of(1, 2, 3, 4, 5, 6), {
      width: 3,
      height: 2,
      colorType: 0,
    });
    for (const isLittle of [false, true]) {
      const exif = encodeChunk("eXIf", encodeOrientation(index + 1, isLittle));
      const png = joinBytes([plain.subarray(0, 33), exif, plain.subarray(33)]);
      const image = await decodeImage(png);
      assert.equal(image.width, width);
      assert.deepEqual([...image.data].filter((_, place) => place % 4 === 0), pixels);
    }
  });
}

/** A TIFF structure that holds an orientation alone. */
function encodeOrientation(orientation: number, isLittle: boolean): Uint8Array {
  const record = new Uint8Array(26);
  const view = new DataView(record.buffer);
  record.set(new TextEncoder().encode(isLittle ? "II" : "MM"));
  view.setUint16(2, 42, isLittle);
  view.setUint32(4, 8, isLittle);
  view.setUint16(8, 1, isLittle);
  view.setUint16(10, 0x112, isLittle);
  view.setUint16(12, 3, isLittle);
  view.setUint32(14, 1, isLittle);
  view.setUint16(18, orientation, isLittle);
  return record;
}

Deno.test("a damaged EXIF record leaves the image as it is stored", async () => {
  const plain = encodePng(Uint8Array.of(1, 2, 3, 4, 5, 6), { width: 3, height: 2, colorType: 0 });
  const whole = encodeOrientation(6, true);
  const records = [whole.subarray(0, 20), whole.with(0, 1), whole.with(4, 255), whole.with(18, 9)];
  for (const record of [...records, new Uint8Array(0)]) {
    const exif = encodeChunk("eXIf", record);
    const image = await decodeImage(
      joinBytes([plain.subarray(0, 33), exif, plain.subarray(33)]),
    );
    assert.deepEqual([image.width, image.height], [3, 2]);
  }
});

const HEADS: readonly [name: string, head: string][] = [
  ["a TIFF image", "II*\0\x08\0\0\0"],
  ["a TIFF image", "MM\0*\0\0\0\x08"],
  ["a HEIC image", "\0\0\0\x18ftypheic\0\0\0\0mif1heic"],
  ["a HEIC image", "\0\0\0\x18ftypmif1\0\0\0\0mif1heic"],
  ["a JPEG XL image", "\xff\x0a\0\0"],
  ["a JPEG 2000 image", "\0\0\0\x0cjP  \r\n"],
  ["a Photoshop image", "8BPS\0\x01"],
  ["an SVG drawing", '<?xml version="1.0"?>\n<svg xmlns=""/>'],
  ["a PDF document", "%PDF-1.7"],
  ["a web page (HTML)", "<!DOCTYPE html><html>"],
  ["a pointer of Git LFS", "version https://git-lfs.github.com/spec/v1"],
  ["an empty file", ""],
  ["a file of an unknown kind", "hello"],
  ["a video", "\0\0\0\x18ftypisom"],
];

for (const [name, head] of HEADS) {
  Deno.test(`what is not read is named: ${name}, ${JSON.stringify(head.slice(0, 8))}`, async () => {
    const bytes = Uint8Array.from(head, (character) => character.charCodeAt(0));
    await assert.rejects(
      decodeImage(bytes),
      ({ message }: Error) => message === `found ${name}, wanted JPEG, PNG, WebP, GIF or BMP`,
    );
  });
}

Deno.test("images that can be converted are not called damaged", async () => {
  const advices: [bytes: Uint8Array, advice: RegExp][] = [
    [Uint8Array.fromBase64(AVIF), /^convert it/],
    [Uint8Array.from("II*\0", (character) => character.charCodeAt(0)), /^convert it/],
    [Uint8Array.fromBase64(ANIMATED_WEBP), /^save its first frame/],
    [Uint8Array.of(0xff, 0xd8, 7, 7, 7), /^repair or remove/],
  ];
  for (const [bytes, wanted] of advices) {
    await assert.rejects(decodeImage(bytes), (error: ImageError) => wanted.test(error.advice));
  }
});

Deno.test("images that claim billions of pixels are refused before any memory is spent", async () => {
  const bmp = PICTURES.find(({ name }) => name === "BMP of 24 bits")!;
  const bytes = Uint8Array.fromBase64(bmp.file);
  new DataView(bytes.buffer).setInt32(18, 2_000_000_000, true);
  await assert.rejects(decodeImage(bytes), /BMP of 2000000000×4 pixels/);
  const pixels = { VP8X: [24, 0xff], VP8L: [21, 0xff], "VP8 ": [26, 0x3f] } as const;
  for (const [kind, [at, high]] of Object.entries(pixels)) {
    const webp = new Uint8Array(64);
    webp.set(new TextEncoder().encode(`RIFF....WEBP${kind}`));
    webp.fill(0xff, at, at + 4);
    if (kind === "VP8X") webp.set([0xff, 0x3f, 0, 0xff, 0x3f, 0], at);
    else webp[at + 1] = high;
    await assert.rejects(decodeImage(webp), /WebP of 1638[34]×1638[34] pixels, wanted 1 to/);
  }
});

Deno.test("a JPEG that claims more pixels than its bytes hold is refused before they are made", async () => {
  const start = jpeg.findIndex((byte, at) => byte === 0xff && [0xc0, 0xc2].includes(jpeg[at + 1]));
  assert.ok(start > 0);
  const claim = (width: number, height: number) => {
    const bytes = jpeg.slice();
    new DataView(bytes.buffer).setUint16(start + 5, height);
    new DataView(bytes.buffer).setUint16(start + 7, width);
    return bytes;
  };
  await assert.rejects(decodeImage(claim(60_000, 2000)), {
    name: "ImageError",
    message: /^found a JPEG of 60000×2000 pixels, wanted 1 to 67108864$/,
  });
  await assert.rejects(decodeImage(claim(8000, 8000)), {
    name: "ImageError",
    message: /^found a JPEG of 8000×8000 pixels in \d+ bytes, wanted a whole one$/,
  });
});

Deno.test("a JPEG of one color has as few bytes as any, and is read", async () => {
  for (const rgb of [[0, 0, 0], [128, 128, 128], [255, 255, 255], [200, 40, 90]]) {
    const { width, height } = await decodeImage(encodeFlatJpeg(1200, 800, rgb));
    assert.deepEqual([width, height], [1200, 800]);
  }
});

Deno.test("damaged images in between do not change how whole ones decode", async () => {
  const [wantedJpeg, wantedPng] = [await decodeImage(jpeg), await decodeImage(png)];
  for (let round = 0; round < 20; round++) {
    await assert.rejects(decodeImage(Uint8Array.of(0xff, 0xd8, 7, 7, 7)));
    await assert.rejects(decodeImage(png.subarray(0, 60)));
    assert.deepEqual(await decodeImage(jpeg), wantedJpeg);
    assert.deepEqual(await decodeImage(png), wantedPng);
  }
});

Deno.test("damaged images cost no decoder its code, which is compiled once", async () => {
  const { compile } = WebAssembly;
  let compiled = 0;
  WebAssembly.compile = (...args: Parameters<typeof compile>) => {
    compiled++;
    return compile(...args);
  };
  try {
    const wholes = PICTURES.map(({ file }) => Uint8Array.fromBase64(file));
    for (const whole of wholes) await decodeImage(whole);
    compiled = 0;
    for (const whole of wholes) {
      const wanted = await decodeImage(whole);
      for (const length of [30, Math.floor(whole.length / 2), whole.length - 1]) {
        await decodeImage(whole.subarray(0, length)).catch(() => {});
        assert.deepEqual(await decodeImage(whole), wanted);
      }
    }
    assert.equal(compiled, 0);
  } finally {
    WebAssembly.compile = compile;
  }
});

Deno.test("a decoder that an image ends is not given to those that wait for it", async () => {
  let started = 0;
  const empty = Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0);
  const decoder = new RenewableDecoder(() => empty, () => ({ number: ++started, isAlive: true }));
  const use = (isFatal: boolean) =>
    decoder.use((running) => {
      assert.ok(running.isAlive, "it is alive");
      running.isAlive = !isFatal;
      if (isFatal) throw new Error("the end");
      return running.number;
    });
  const used = await Promise.allSettled([false, true, false, false, true, false].map(use));
  assert.deepEqual(
    used.map((result) => result.status === "fulfilled" ? result.value : result.reason.message),
    [1, "the end", 2, 2, "the end", 3],
  );
  assert.equal(await use(false), 3);

  const unlucky = new RenewableDecoder(() => empty, () => {
    if (++started < 5) throw new Error("no memory");
    return started;
  });
  await assert.rejects(unlucky.use(() => {}), /no memory/);
  assert.equal(await unlucky.use((number) => number), 5);
});

Deno.test("images that are decoded at the same time do not mix", async () => {
  const flat = encodeFlatJpeg(24, 16, [10, 200, 30]);
  const [alone, aloneFlat] = [await decodeImage(jpeg), await decodeImage(flat)];
  const damaged = Uint8Array.of(0xff, 0xd8, 7);
  const together = await Promise.allSettled(
    [jpeg, damaged, flat, jpeg].map((bytes) => decodeImage(bytes)),
  );
  assert.deepEqual(together.map(({ status }) => status), [
    "fulfilled",
    "rejected",
    "fulfilled",
    "fulfilled",
  ]);
  const values = together.map((result) => result.status === "fulfilled" ? result.value : undefined);
  assert.deepEqual(values, [alone, undefined, aloneFlat, alone]);
});
