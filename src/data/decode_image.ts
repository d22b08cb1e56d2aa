import { decodeByPlatform } from "./decoding/decode_by_platform.ts";
import { decodeJpeg } from "./decoding/decode_jpeg.ts";
import { decodePng } from "./decoding/decode_png.ts";
import { decodeWebp } from "./decoding/decode_webp.ts";
import { type ImageKind, imageKindOf } from "./decoding/image_kind.ts";
import { decodeByNetsurf } from "./decoding/netsurf_decoder.ts";
import { readOrientation, turnImage } from "./decoding/orientation.ts";
import type { RawImage } from "./fit_image.ts";

/** How an image is decoded. */
export interface DecodeOptions {
  /** Whether it stays as it is stored, whatever orientation its EXIF record states. Default: it is turned. */
  readonly ignoresOrientation?: boolean;
}

const DECODERS: Record<Exclude<ImageKind, "AVIF">, (bytes: Uint8Array) => Promise<RawImage>> = {
  JPEG: decodeJpeg,
  PNG: decodePng,
  WebP: decodeWebp,
  GIF: (bytes) => decodeByNetsurf(bytes, "GIF"),
  BMP: (bytes) => decodeByNetsurf(bytes, "BMP"),
};

/**
 * Decodes an image; its first bytes tell what it is: JPEG, PNG, WebP, GIF (the first frame), BMP, and AVIF where the
 * platform decodes it.
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
