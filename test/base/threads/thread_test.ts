import assert from "node:assert/strict";
import { Thread } from "../../../src/base/mod.ts";

const ELEMENTS = 4_000_000;

Deno.test("an array that a thread is sent takes nothing of its heap for every element", async () => {
  const { script } = Thread;
  Thread.script = new URL("./heap_thread.ts", import.meta.url);
  const thread = new Thread("replica", "under test");
  try {
    const before = await thread.ask({ values: new Float32Array(1) }) as number;
    const after = await thread.ask({ values: new Float32Array(ELEMENTS) }) as number;
    assert(after - before < 2 * ELEMENTS, `${after - before} bytes for ${ELEMENTS} elements`);
  } finally {
    thread.terminate();
    Thread.script = script;
  }
});
