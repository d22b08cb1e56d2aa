import packedBmp from "../../../build/embedded/bmp.ts";
import packedGif from "../../../build/embedded/gif.ts";
import { unpackBytes } from "../../base/mod.ts";
import type { RawImage } from "../fit_image.ts";
import { ImageError, REPAIR } from "./image_error.ts";
import { checkImageSize } from "./image_kind.ts";
import { RenewableDecoder } from "./renewable_decoder.ts";

/** What the WebAssembly of libnsbmp and libnsgif exports. */
interface DecoderExports extends WebAssembly.Exports {
  readonly memory: WebAssembly.Memory;
  malloc(bytes: number): number;
  free(place: number): void;
}

type DecodeCall = (
  pixels: number,
  width: number,
  height: number,
  file: number,
  bytes: number,
) => number;

/** A decoder of NetSurf, the browser: its bytes, its function, and where a file states its size. */
const DECODERS = {
  BMP: {
    decoder: new RenewableDecoder(() => unpackBytes(packedBmp), startDecoder),
    name: "decode_bmp",
    readSize: readBmpSize,
  },
  GIF: {
    decoder: new RenewableDecoder(() => unpackBytes(packedGif), startDecoder),
    name: "decode_gif",
    readSize: readGifSize,
  },
} as const;

/**
 * Decodes a BMP, or the first frame of a GIF, by NetSurf's libnsbmp and libnsgif. What a damaged file leaves behind in
 * their memory does not stay: a new instance is started.
 *
 * @param bytes The file.
 * @param kind What it is.
 * @returns RGBA pixels with memory of their own.
 * @throws {ImageError} When it is cut off or damaged, or claims to be huge.
 */
export async function decodeByNetsurf(bytes: Uint8Array, kind: "BMP" | "GIF"): Promise<RawImage> {
  const { decoder, name, readSize } = DECODERS[kind];
  checkImageSize(kind, ...readSize(bytes));
  return await decoder.use((running) => {
    try {
      return decodeWith(running, running[name] as DecodeCall, bytes);
    } catch (error) {
      throw new ImageError(
        `found a ${kind} that is cut off, damaged or of a rare form, wanted a whole one`,
        REPAIR,
        { cause: error },
      );
    }
  });
}

function decodeWith(
  { memory, malloc, free }: DecoderExports,
  decode: DecodeCall,
  bytes: Uint8Array,
): RawImage {
  const file = malloc(bytes.length);
  new Uint8Array(memory.buffer).set(bytes, file);
  const answer = malloc(12);
  if (decode(answer, answer + 4, answer + 8, file, bytes.length) !== 0) {
    throw new Error("the decoder knows no image in it");
  }
  const [pixels, width, height] = new Uint32Array(memory.buffer, answer, 3);
  const data = new Uint8Array(memory.buffer, pixels, width * height * 4).slice();
  for (const place of [file, answer, pixels]) free(place);
  return { data, height, width, channels: 4 };
}

function startDecoder(code: WebAssembly.Module): DecoderExports {
  const refuse = () => {
    throw new Error("the decoder gave up");
  };
  const { exports } = new WebAssembly.Instance(code, {
    env: { setjmp: () => 0, longjmp: refuse },
    wasi_snapshot_preview1: {
      proc_exit: refuse,
      fd_close: refuse,
      fd_seek: refuse,
      fd_write: refuse,
    },
  });
  return exports as DecoderExports;
}

/** Width and height in the header of a BMP; rows from the top down have a negative height, old headers 16 bits. */
function readBmpSize(bytes: Uint8Array): [width: number, height: number] {
  if (bytes.length < 26) return [0, 0];
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return view.getUint32(14, true) === 12
    ? [view.getUint16(18, true), view.getUint16(20, true)]
    : [view.getInt32(18, true), Math.abs(view.getInt32(22, true))];
}

function readGifSize(bytes: Uint8Array): [width: number, height: number] {
  if (bytes.length < 10) return [0, 0];
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return [view.getUint16(6, true), view.getUint16(8, true)];
}
