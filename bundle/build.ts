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
import { BROWSER, COMMAND_LINE } from "./bundles.ts";
import { type Bundle, compile } from "./compile.ts";

const BUNDLES: Readonly<Record<string, Bundle>> = {
  "secateur.js": COMMAND_LINE,
  "secateur.browser.js": BROWSER,
};

const [folder, ...names] = Deno.args;
await Deno.mkdir(folder, { recursive: true });
try {
  for (const name of names.length > 0 ? names : Object.keys(BUNDLES)) {
    const bundle = BUNDLES[name];
    const mode = bundle.programs?.includes(name) ? 0o755 : 0o644;
    await Deno.writeTextFile(join(folder, name), await compile(bundle), { mode });
  }
} finally {
  await stop();
}
