/**
 * Writes the page into a folder: index.html, which needs nothing beside it. `deno task page` runs it.
 *
 *     deno run --allow-all bundle/page.ts dist/page
 *
 * The script of its workers and the example are in it, gzipped; its Content-Security-Policy keeps it from asking any server
 * for anything, so that what is opened in it cannot leave it.
 *
 * @module
 */
import { join } from "node:path";
import { stop } from "esbuild";
import { makePage } from "./make_page.ts";

const [folder] = Deno.args;
try {
  await Deno.mkdir(folder, { recursive: true });
  await Deno.writeTextFile(join(folder, "index.html"), await makePage());
} finally {
  await stop();
}
