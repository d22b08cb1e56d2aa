import startPng, { decode, encode } from "@jsquash/png/codec/pkg/squoosh_png.js";
import packedPng from "../../build/embedded/png.ts";
import { unpackBytes } from "../base/mod.ts";

let ready: Promise<unknown> | undefined;

/** The PNG codec, which is compiled when it is first asked for. */
export async function startPngCodec(): Promise<
  { decode: typeof decode; encode: typeof encode }
> {
  ready ??= startPng(WebAssembly.compile(unpackBytes(packedPng)));
  await ready;
  return { decode, encode };
}
