import createWebpModule from "@jsquash/webp/codec/dec/webp_dec.js";
import packedWebp from "../../../build/embedded/webp.ts";
import { unpackBytes } from "../../base/mod.ts";
import type { RawImage } from "../fit_image.ts";
import { startEmscripten } from "./emscripten_decoder.ts";
import { ImageError, REPAIR } from "./image_error.ts";
import { checkImageSize } from "./image_kind.ts";
import { RenewableDecoder } from "./renewable_decoder.ts";

/** The part of the emscripten module that is used. */
interface WebpModule {
  decode(bytes: Uint8Array): ImageData | null;
}

const createModule: Parameters<typeof startEmscripten<WebpModule>>[0] = createWebpModule;
const decoder = new RenewableDecoder(
  () => unpackBytes(packedWebp),
  (code) => startEmscripten(createModule, code),
);

/**
 * Decodes a WebP by libwebp.
 *
 * @param bytes The file.
 * @returns RGBA pixels with memory of their own.
 * @throws {ImageError} When it is cut off or damaged, claims to be huge, or is an animation.
 */
export async function decodeWebp(bytes: Uint8Array): Promise<RawImage> {
  checkImageSize("WebP", ...readSize(bytes));
  const image = await decoder.use(({ module }) => {
    try {
      return module.decode(bytes);
    } catch (error) {
      throw damagedError({ cause: error });
    }
  });
  if (!image) throw isAnimated(bytes) ? animatedError() : damagedError();
  const { height, width } = image;
  return { data: image.data as Uint8ClampedArray, height, width, channels: 4 };
}

/** Width and height that the first chunk states: of the canvas, of pixels with loss or without. */
function readSize(bytes: Uint8Array): [width: number, height: number] {
  const chunk = bytes.subarray(12);
  if (chunk.length < 18) throw damagedError();
  const view = new DataView(chunk.buffer, chunk.byteOffset, chunk.length);
  const kind = String.fromCharCode(...chunk.subarray(0, 4));
  if (kind === "VP8X") {
    return [1 + (view.getUint32(12, true) & 0xffffff), 1 + (view.getUint32(14, true) >>> 8)];
  }
  if (kind === "VP8L") {
    const sizes = view.getUint32(9, true);
    return [1 + (sizes & 0x3fff), 1 + (sizes >>> 14 & 0x3fff)];
  }
  if (kind !== "VP8 ") throw damagedError();
  return [view.getUint16(14, true) & 0x3fff, view.getUint16(16, true) & 0x3fff];
}

/** An extended file states in its flags that it is an animation. */
function isAnimated(bytes: Uint8Array): boolean {
  const isExtended = String.fromCharCode(...bytes.subarray(12, 16)) === "VP8X";
  return isExtended && (bytes[20] & 2) !== 0;
}

function animatedError(): ImageError {
  return new ImageError(
    "found an animated WebP, wanted a single image",
    "save its first frame, or remove the image",
  );
}

function damagedError(options?: ErrorOptions): ImageError {
  return new ImageError("found a damaged WebP, wanted a whole one", REPAIR, options);
}
