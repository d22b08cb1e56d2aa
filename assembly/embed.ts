/**
 * Writes WebAssembly into modules of text in `build/embedded/`, so that the source imports nothing but modules: JSR and
 * bundlers know no others. The text is base64 of gzip; `unpackBytes` of `src/base` reads it.
 *
 * @module
 */
import { gzipSync } from "node:zlib";

/** The modules, and the bytes that each is made of. */
const SOURCES: Readonly<Record<string, () => Promise<Uint8Array>>> = {
  kernels_relaxed: () => readBuild("kernels.relaxed.wasm"),
  kernels_plain: () => readBuild("kernels.plain.wasm"),
  tfjs_backend: () =>
    defaultOf(
      import("@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm-simd.wasm", {
        with: { type: "bytes" },
      }),
    ),
  jpeg: () =>
    defaultOf(
      import("@jsquash/jpeg/codec/dec/mozjpeg_dec.wasm", { with: { type: "bytes" } }),
    ),
  png: () =>
    defaultOf(
      import("@jsquash/png/codec/pkg/squoosh_png_bg.wasm", { with: { type: "bytes" } }),
    ),
  webp: () =>
    defaultOf(import("@jsquash/webp/codec/dec/webp_dec.wasm", { with: { type: "bytes" } })),
  bmp: () => defaultOf(import("@cwasm/nsbmp/nsbmp.wasm", { with: { type: "bytes" } })),
  gif: () => defaultOf(import("@cwasm/nsgif/nsgif.wasm", { with: { type: "bytes" } })),
};

/** Where the modules are, from the project's folder. */
export const EMBEDDED: readonly string[] = Object.keys(SOURCES).map(
  (name) => `build/embedded/${name}.ts`,
);

function readBuild(name: string): Promise<Uint8Array> {
  return Deno.readFile(new URL(`../build/${name}`, import.meta.url));
}

async function defaultOf(module: Promise<{ default: Uint8Array }>): Promise<Uint8Array> {
  return (await module).default;
}

/**
 * The modules' text.
 *
 * @returns The text of each of `EMBEDDED`, in that order.
 */
export async function embedBytes(): Promise<string[]> {
  return await Promise.all(
    Object.values(SOURCES).map(async (read) => {
      const packed = gzipSync(await read(), { level: 9 }).toString("base64");
      return `/** WebAssembly, as \`unpackBytes\` reads it. */\nexport default "${packed}" as string;\n`;
    }),
  );
}
