import assert from "node:assert/strict";
import { deflateSync } from "node:zlib";
import { decodeImage } from "../../src/data/decode_image.ts";
import {
  encodeChunk,
  encodeFlatJpeg,
  encodeJpeg,
  encodePng,
  joinBytes,
  randomBytes,
} from "./fixtures.ts";

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

Deno.test("a file that is neither JPEG nor PNG says so, an empty one too", async () => {
  await assert.rejects(decodeImage(new TextEncoder().encode("GIF89a")), /neither JPEG nor PNG/);
  await assert.rejects(decodeImage(new Uint8Array(0)), /an empty file/);
  await assert.rejects(decodeImage(Uint8Array.of(0xff, 0xd8, 7, 7, 7)), /damaged JPEG/);
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

Deno.test("images that are decoded at the same time do not mix", async () => {
  const flat = encodeFlatJpeg(24, 16, [10, 200, 30]);
  const [alone, aloneFlat] = [await decodeImage(jpeg), await decodeImage(flat)];
  const damaged = Uint8Array.of(0xff, 0xd8, 7);
  const together = await Promise.allSettled([jpeg, damaged, flat, jpeg].map(decodeImage));
  assert.deepEqual(together.map(({ status }) => status), [
    "fulfilled",
    "rejected",
    "fulfilled",
    "fulfilled",
  ]);
  const values = together.map((result) => result.status === "fulfilled" ? result.value : undefined);
  assert.deepEqual(values, [alone, undefined, aloneFlat, alone]);
});
