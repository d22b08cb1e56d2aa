import startPng, { decode, encode } from "@jsquash/png/codec/pkg/squoosh_png.js";
import pngWasm from "@jsquash/png/codec/pkg/squoosh_png_bg.wasm" with { type: "bytes" };

let ready: Promise<unknown> | undefined;

/** The PNG codec, which is compiled when it is first asked for. */
export async function startPngCodec(): Promise<
  { decode: typeof decode; encode: typeof encode }
> {
  ready ??= startPng(WebAssembly.compile(pngWasm));
  await ready;
  return { decode, encode };
}
