import createJpegModule from "@jsquash/jpeg/codec/dec/mozjpeg_dec.js";
import jpegWasm from "@jsquash/jpeg/codec/dec/mozjpeg_dec.wasm" with { type: "bytes" };
import { checkPng } from "./check_png.ts";
import { decodeByPlatform } from "./decoding/decode_by_platform.ts";
import { decodeCmykJpeg } from "./decoding/decode_cmyk_jpeg.ts";
import { decodeWebp } from "./decoding/decode_webp.ts";
import { type EmscriptenDecoder, startEmscripten } from "./decoding/emscripten_decoder.ts";
import { ImageError, REPAIR } from "./decoding/image_error.ts";
import { CONVERT, type ImageKind, imageKindOf } from "./decoding/image_kind.ts";
import { readJpegFrame } from "./decoding/jpeg_segments.ts";
import { decodeByNetsurf } from "./decoding/netsurf_decoder.ts";
import { readOrientation, turnImage } from "./decoding/orientation.ts";
import type { RawImage } from "./fit_image.ts";
import { startPngCodec } from "./png_codec.ts";

/** The part of the emscripten module that is used. */
interface JpegModule {
  decode(bytes: Uint8Array, preserveOrientation: boolean): ImageData | null;
}

const createModule: Parameters<typeof startEmscripten<JpegModule>>[0] = createJpegModule;
let jpegCode: Promise<WebAssembly.Module> | undefined;
let jpegDecoder: Promise<EmscriptenDecoder<JpegModule>> | undefined;

/** What libjpeg prints when pixels are lost; stray bytes between segments are not among it. */
const LOST_PIXELS = /premature end|corrupt jpeg data(?!: \d+ extraneous)/i;

/** How an image is decoded. */
export interface DecodeOptions {
  /** Whether it stays as it is stored, whatever orientation its EXIF record states. Default: it is turned. */
  readonly ignoresOrientation?: boolean;
}

/**
 * Decodes an image; its first bytes tell what it is: JPEG, PNG, WebP, GIF (the first frame), BMP, and AVIF where the
 * platform decodes it.
 *
 * JPEG goes through libjpeg-turbo's defaults (MozJPEG), as in Keras. Quirks covered here: libjpeg fills what a truncated
 * file lacks with gray and only prints a warning; a broken header ends the emscripten module with `exit()`, so a new one
 * is started; it has no way from four inks to RGB; the PNG decoder does not verify checksums, and leaks 200 kB for each
 * image it rejects, so that {@link checkPng} comes first.
 *
 * @param bytes The file.
 * @param options How.
 * @returns RGBA pixels with memory of their own.
 * @throws {Error} When the bytes are none of these, or are damaged; the message says what was found and wanted.
 */
export async function decodeImage(
  bytes: Uint8Array,
  { ignoresOrientation = false }: DecodeOptions = {},
): Promise<RawImage> {
  const kind = imageKindOf(bytes);
  if (kind === "AVIF") return await decodeByPlatform(bytes, kind, !ignoresOrientation);
  const image = await DECODERS[kind](bytes);
  return ignoresOrientation ? image : turnImage(image, readOrientation(bytes, kind));
}

const DECODERS: Record<Exclude<ImageKind, "AVIF">, (bytes: Uint8Array) => Promise<RawImage>> = {
  JPEG: decodeJpegBytes,
  PNG: decodePngBytes,
  WebP: decodeWebp,
  GIF: (bytes) => decodeByNetsurf(bytes, "GIF"),
  BMP: (bytes) => decodeByNetsurf(bytes, "BMP"),
};

async function decodeJpegBytes(bytes: Uint8Array): Promise<RawImage> {
  const frame = readJpegFrame(bytes);
  if (frame?.components === 4) return decodeCmykJpeg(bytes);
  if (frame && frame.precision !== 8) {
    throw new ImageError(
      `found a JPEG of ${frame.precision} bits a sample, wanted 8 bits`,
      CONVERT,
    );
  }
  jpegDecoder ??= startJpegDecoder();
  const { module, warnings } = await jpegDecoder;
  warnings.length = 0;
  let image: ImageData | null;
  try {
    image = module.decode(bytes, false);
  } catch {
    jpegDecoder = undefined;
    throw damagedJpegError(warnings);
  }
  if (!image || warnings.some((line) => LOST_PIXELS.test(line))) throw damagedJpegError(warnings);
  return asRaw(image);
}

function damagedJpegError(warnings: string[]): Error {
  return new ImageError(
    `found a damaged JPEG (${warnings.join("; ") || "not decodable"}), wanted a whole one`,
    REPAIR,
  );
}

async function startJpegDecoder(): Promise<EmscriptenDecoder<JpegModule>> {
  jpegCode ??= WebAssembly.compile(jpegWasm);
  return await startEmscripten(createModule, await jpegCode);
}

async function decodePngBytes(bytes: Uint8Array): Promise<RawImage> {
  checkPng(bytes);
  const { decode } = await startPngCodec();
  try {
    return asRaw(decode(bytes));
  } catch {
    throw new ImageError("found a PNG whose pixels do not decode, wanted a valid one", REPAIR);
  }
}

function asRaw({ data, height, width }: ImageData): RawImage {
  return { data: data as Uint8ClampedArray, height, width, channels: 4 };
}
