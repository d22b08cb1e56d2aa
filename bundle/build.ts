/**
 * Writes the bundles into a folder: `secateur.js`, the command line for Deno, Node and Bun, and `secateur.browser.js`, the
 * core for browsers. `deno task bundle` runs it.
 *
 *     deno run --allow-all bundle/build.ts dist
 *
 * `deno bundle` resolves modules and puts the bytes of WebAssembly into them; esbuild then writes syntax that Node 20 knows
 * (`using` is newer) and leaves out blanks. Names stay, so that stack traces can be read.
 *
 * @module
 */
import { join } from "node:path";
import { stop } from "esbuild";
import { type Bundle, compile, forBrowsers } from "./compile.ts";

const BUNDLES: Readonly<Record<string, Bundle>> = {
  "secateur.js": {
    entry: "bundle/secateur.ts",
    platform: "deno",
    target: "node20",
    replacements: {},
  },
  "secateur.browser.js": forBrowsers("src/browser.ts"),
};

const [folder, ...names] = Deno.args;
await Deno.mkdir(folder, { recursive: true });
try {
  for (const name of names.length > 0 ? names : Object.keys(BUNDLES)) {
    await Deno.writeTextFile(join(folder, name), await compile(BUNDLES[name]));
  }
} finally {
  await stop();
}
