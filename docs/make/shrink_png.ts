import { crc32, deflateSync } from "node:zlib";
import { startPngCodec } from "../../src/data/png_codec.ts";

const SIGNATURE = Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a);
const MOST_COLORS = 256;

/**
 * Makes a PNG of a page smaller: its colors, as many as letters with soft edges need, go into a palette.
 *
 * @param png A PNG without transparency.
 * @returns The same picture with a palette; every color channel is off by a few steps at most.
 */
export async function shrinkPng(png: Uint8Array): Promise<Uint8Array> {
  const { data, width, height } = (await startPngCodec()).decode(png);
  for (let step = 1;; step *= 2) {
    const indexed = indexColors(data, step);
    if (indexed) return encodePng(indexed, width, height);
  }
}

interface IndexedPixels {
  readonly palette: readonly number[];
  readonly pixels: Uint8Array;
}

/** Pixels as numbers of colors whose channels are multiples of a step; undefined when there are too many. */
function indexColors(rgba: ArrayLike<number>, step: number): IndexedPixels | undefined {
  const numbers = new Map<number, number>();
  const pixels = new Uint8Array(rgba.length / 4);
  const round = (value: number) => Math.min(255, Math.round(value / step) * step);
  for (let pixel = 0; pixel < pixels.length; pixel++) {
    const [red, green, blue] = [0, 1, 2].map((channel) => round(rgba[4 * pixel + channel]));
    const color = red << 16 | green << 8 | blue;
    if (!numbers.has(color)) {
      if (numbers.size === MOST_COLORS) return undefined;
      numbers.set(color, numbers.size);
    }
    pixels[pixel] = numbers.get(color)!;
  }
  return { palette: [...numbers.keys()], pixels };
}

function encodePng({ palette, pixels }: IndexedPixels, width: number, height: number): Uint8Array {
  const header = new Uint8Array(13);
  const view = new DataView(header.buffer);
  view.setUint32(0, width);
  view.setUint32(4, height);
  const [bitDepth, indexed] = [8, 3];
  header.set([bitDepth, indexed, 0, 0, 0], 8);
  // A row begins with the number of its filter: 0, none.
  const rows = new Uint8Array(height * (width + 1));
  for (let row = 0; row < height; row++) {
    rows.set(pixels.subarray(row * width, (row + 1) * width), row * (width + 1) + 1);
  }
  const colors = palette.flatMap((color) => [color >> 16, color >> 8 & 255, color & 255]);
  return concatenate([
    SIGNATURE,
    chunk("IHDR", header),
    chunk("PLTE", Uint8Array.from(colors)),
    chunk("IDAT", deflateSync(rows, { level: 9 })),
    chunk("IEND", new Uint8Array()),
  ]);
}

/** Length, name, content, and the checksum of the latter two. */
function chunk(name: string, content: Uint8Array): Uint8Array {
  const named = concatenate([new TextEncoder().encode(name), content]);
  const [length, checksum] = [content.length, crc32(named)].map((value) => {
    const bytes = new Uint8Array(4);
    new DataView(bytes.buffer).setUint32(0, value);
    return bytes;
  });
  return concatenate([length, named, checksum]);
}

function concatenate(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
