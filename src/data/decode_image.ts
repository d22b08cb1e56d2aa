import createJpegModule from "@jsquash/jpeg/codec/dec/mozjpeg_dec.js";
import jpegWasm from "@jsquash/jpeg/codec/dec/mozjpeg_dec.wasm" with { type: "bytes" };
import { checkPng, PNG_SIGNATURE } from "./check_png.ts";
import type { RawImage } from "./fit_image.ts";
import { startPngCodec } from "./png_codec.ts";

/** The part of the emscripten module that is used. */
interface JpegModule {
  decode(bytes: Uint8Array, preserveOrientation: boolean): ImageData | null;
}

/** The options of an emscripten module that are used. */
interface JpegModuleOptions {
  noInitialRun: boolean;
  printErr(line: string): void;
  instantiateWasm(
    imports: WebAssembly.Imports,
    receive: (instance: WebAssembly.Instance) => void,
  ): WebAssembly.Exports;
}

/** A decoder and what libjpeg said about the last image. */
interface JpegDecoder {
  module: JpegModule;
  warnings: string[];
}

const createModule: (options: JpegModuleOptions) => Promise<JpegModule> = createJpegModule;
let jpegCode: Promise<WebAssembly.Module> | undefined;
let jpegDecoder: Promise<JpegDecoder> | undefined;

/** What libjpeg prints when pixels are lost; stray bytes between segments are not among it. */
const LOST_PIXELS = /premature end|corrupt jpeg data(?!: \d+ extraneous)/i;

/**
 * Decodes a JPEG or PNG, told apart by their first bytes.
 *
 * JPEG goes through libjpeg-turbo's defaults (MozJPEG), EXIF orientation ignored, as in Keras. Quirks covered here:
 * libjpeg fills what a truncated file lacks with gray and only prints a warning; a broken header ends the emscripten
 * module with `exit()`, so a new one is started; the PNG decoder does not verify checksums, and leaks 200 kB for each
 * image it rejects, so that {@link checkPng} comes first.
 *
 * @param bytes The file.
 * @returns RGBA pixels with memory of their own.
 * @throws {Error} When the bytes are neither, or are damaged; the message says what was found and wanted.
 */
export async function decodeImage(bytes: Uint8Array): Promise<RawImage> {
  const { data, height, width } = bytes[0] === 0xff && bytes[1] === 0xd8
    ? await decodeJpegBytes(bytes)
    : await decodePngBytes(bytes);
  return { data: data as Uint8ClampedArray, height, width, channels: 4 };
}

async function decodeJpegBytes(bytes: Uint8Array): Promise<ImageData> {
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
  return image;
}

function damagedJpegError(warnings: string[]): Error {
  return new Error(
    `found a damaged JPEG (${warnings.join("; ") || "not decodable"}), wanted a whole one`,
  );
}

async function startJpegDecoder(): Promise<JpegDecoder> {
  jpegCode ??= WebAssembly.compile(jpegWasm);
  const code = await jpegCode;
  const warnings: string[] = [];
  const module = await createModule({
    noInitialRun: true,
    printErr: (line) => warnings.push(line),
    instantiateWasm(imports, receive) {
      const instance = new WebAssembly.Instance(code, imports);
      receive(instance);
      return instance.exports;
    },
  });
  return { module, warnings };
}

async function decodePngBytes(bytes: Uint8Array): Promise<ImageData> {
  if (!PNG_SIGNATURE.every((byte, index) => bytes[index] === byte)) {
    throw new Error(
      bytes.length === 0
        ? "found an empty file, wanted a JPEG or PNG"
        : "found neither JPEG nor PNG",
    );
  }
  checkPng(bytes);
  const { decode } = await startPngCodec();
  try {
    return decode(bytes);
  } catch {
    throw new Error("found a PNG whose pixels do not decode, wanted a valid one");
  }
}
