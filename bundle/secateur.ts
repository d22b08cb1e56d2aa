/**
 * The command line as one file, which is also the script of its threads: the entry of dist/secateur.js.
 *
 * @module
 */
import { isThread, Thread } from "../src/base/mod.ts";
import { fillGaps } from "./fill_gaps.ts";

await fillGaps();
Thread.script = new URL(import.meta.url);
if (isThread()) await import("../src/thread.ts");
else await import("../cli/main.ts");
