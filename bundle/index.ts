/**
 * The library as one file, which is also the script of its threads: the entry of the package's index.js.
 *
 * @module
 */
import { isThread, Thread } from "../src/base/mod.ts";
import { fillGaps } from "./fill_gaps.ts";

export * from "../src/mod.ts";

await fillGaps();
Thread.script = new URL(import.meta.url);
if (isThread()) await import("../src/thread.ts");
