import createJpegEncoder from "@jsquash/jpeg/codec/enc/mozjpeg_enc.js";
import encoderWasm from "@jsquash/jpeg/codec/enc/mozjpeg_enc.wasm" with { type: "bytes" };
import { defaultOptions } from "@jsquash/jpeg/meta.js";
import { dirname, join } from "node:path";
import { crc32, deflateSync } from "node:zlib";
import { createRandom } from "../../src/base/random.ts";

/** Runs a test in a folder of its own, which is removed afterwards. */
export async function inTempFolder(run: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await run(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

export async function writeFile(path: string, content: Uint8Array): Promise<void> {
  await Deno.mkdir(dirname(path), { recursive: true });
  await Deno.writeFile(path, content);
}

/** How a dataset is opened for a network that reads images, bytes as they are. */
export function imageInputs(height: number, width: number, channels: number) {
  const neutral = (value: number) => new Array(channels).fill(value);
  const transform = { scale: 1, mean: neutral(0), std: neutral(1), channelOrder: "rgb" as const };
  return { inputs: [{ name: "image", shape: [height, width, channels], transform }] };
}

export function randomBytes(length: number, seed = 1): Uint8Array<ArrayBuffer> {
  const random = createRandom(seed);
  return Uint8Array.from({ length }, () => Math.floor(random() * 256));
}

interface JpegEncoder {
  encode(data: Uint8Array, width: number, height: number, options: unknown): Uint8Array;
}

const encoderCode = await WebAssembly.compile(encoderWasm);
const jpegEncoder: JpegEncoder = await createJpegEncoder({
  noInitialRun: true,
  instantiateWasm(
    imports: WebAssembly.Imports,
    receive: (instance: WebAssembly.Instance) => void,
  ): WebAssembly.Exports {
    const instance = new WebAssembly.Instance(encoderCode, imports);
    receive(instance);
    return instance.exports;
  },
});

/** A JPEG of one color, which JPEG keeps to within a few steps. */
export function encodeFlatJpeg(width: number, height: number, rgb: number[]): Uint8Array {
  const data = new Uint8Array(width * height * 4);
  for (let pixel = 0; pixel < width * height; pixel++) data.set([...rgb, 255], pixel * 4);
  return encodeJpeg(width, height, data);
}

export function encodeJpeg(width: number, height: number, rgba: Uint8Array): Uint8Array {
  return jpegEncoder.encode(rgba, width, height, defaultOptions).slice();
}

interface PngOptions {
  width: number;
  height: number;
  /** 0 gray, 2 RGB, 3 palette, 6 RGBA. */
  colorType: 0 | 2 | 3 | 6;
  bitDepth?: 8 | 16;
  palette?: Uint8Array;
}

/** A PNG with unfiltered rows. */
export function encodePng(samples: Uint8Array, options: PngOptions): Uint8Array {
  const { width, height, colorType, bitDepth = 8, palette } = options;
  const rowBytes = samples.length / height;
  const rows = new Uint8Array(height * (rowBytes + 1));
  for (let y = 0; y < height; y++) {
    rows.set(samples.subarray(y * rowBytes, (y + 1) * rowBytes), y * (rowBytes + 1) + 1);
  }
  const header = new Uint8Array(13);
  const view = new DataView(header.buffer);
  view.setUint32(0, width);
  view.setUint32(4, height);
  header.set([bitDepth, colorType], 8);
  return joinBytes([
    Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a),
    encodeChunk("IHDR", header),
    ...(palette ? [encodeChunk("PLTE", palette)] : []),
    encodeChunk("IDAT", deflateSync(rows)),
    encodeChunk("IEND", new Uint8Array(0)),
  ]);
}

export function encodeChunk(type: string, data: Uint8Array): Uint8Array {
  const chunk = new Uint8Array(data.length + 12);
  const view = new DataView(chunk.buffer);
  view.setUint32(0, data.length);
  chunk.set(new TextEncoder().encode(type), 4);
  chunk.set(data, 8);
  view.setUint32(data.length + 8, crc32(chunk.subarray(4, data.length + 8)));
  return chunk;
}

export function joinBytes(parts: Uint8Array[]): Uint8Array<ArrayBuffer> {
  const joined = new Uint8Array(parts.reduce((total, part) => total + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    joined.set(part, offset);
    offset += part.length;
  }
  return joined;
}

/** Records of CIFAR-10, or of CIFAR-100 when `coarse` is given, with planes of bytes that follow from the seed. */
export function encodeCifar(labels: number[], options: { coarse?: number; seed?: number } = {}) {
  const { coarse, seed = 1 } = options;
  return joinBytes(
    labels.flatMap((label, index) => [
      Uint8Array.from(coarse === undefined ? [label] : [coarse, label]),
      randomBytes(3072, seed * 1000 + index),
    ]),
  );
}

export function encodeIdxImages(count: number, height: number, width: number, seed = 1) {
  return joinBytes([
    encodeWords(0x803, count, height, width),
    randomBytes(count * height * width, seed),
  ]);
}

export function encodeIdxLabels(labels: number[]) {
  return joinBytes([encodeWords(0x801, labels.length), Uint8Array.from(labels)]);
}

function encodeWords(...words: number[]): Uint8Array {
  const bytes = new Uint8Array(words.length * 4);
  words.forEach((word, index) => new DataView(bytes.buffer).setUint32(index * 4, word));
  return bytes;
}

/** An image folder: PNGs of one gray level each, `counts` images for every class of every split. */
export async function writeImageFolder(
  folder: string,
  counts: Record<string, number>,
): Promise<void> {
  for (const [place, count] of Object.entries(counts)) {
    for (let number = 0; number < count; number++) {
      const png = encodePng(new Uint8Array(4).fill(number), { width: 2, height: 2, colorType: 0 });
      await writeFile(join(folder, place, `${String(number).padStart(3, "0")}.png`), png);
    }
  }
}

/** An array as NumPy writes it. */
export function encodeNpy(
  descr: string,
  shape: string,
  numbers: ArrayBufferView<ArrayBuffer>,
  { order = "False", version = 1 } = {},
): Uint8Array {
  const text = `{'descr': '${descr}', 'fortran_order': ${order}, 'shape': ${shape}, }\n`;
  const start = version === 1 ? 10 : 12;
  const head = new Uint8Array(start);
  head.set([0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, version, 0]);
  const view = new DataView(head.buffer);
  if (version === 1) view.setUint16(8, text.length, true);
  else view.setUint32(8, text.length, true);
  const { buffer, byteOffset, byteLength } = numbers;
  const bytes = new Uint8Array(buffer, byteOffset, byteLength);
  return joinBytes([head, new TextEncoder().encode(text), bytes]);
}
