import assert from "node:assert/strict";
import { walkDepthFirst } from "../../src/base/depth_first.ts";
import { reachable } from "../../src/base/reachable.ts";

/** What every node reads: a diamond, and a node beside it. */
const SOURCES: Readonly<Record<string, string[]>> = {
  a: [],
  b: ["a"],
  c: ["a"],
  d: ["c", "b", "c"],
  e: ["a"],
};

const sourcesOf = (node: string) => SOURCES[node];

Deno.test("a depth-first walk leaves a node behind all that it reads, and each once", () => {
  const met: string[] = [];
  const left = [...walkDepthFirst(["d", "b", "e"], sourcesOf, (node) => met.push(node))];
  assert.deepEqual(left, ["a", "c", "b", "d", "e"]);
  assert.deepEqual(met, ["d", "c", "a", "b", "e"]);
  assert.deepEqual([...walkDepthFirst(["b"], sourcesOf)], ["a", "b"]);
});

Deno.test("a walk of a hundred thousand steps needs no deep stack", () => {
  const count = 100_000;
  const left = walkDepthFirst([count], (node) => node > 0 ? [node - 1] : []);
  assert.deepEqual([...left].slice(0, 3), [0, 1, 2]);
  assert.equal(left.size, count + 1);
});

Deno.test("what can be reached is found in a circle too", () => {
  const next = new Map([["a", ["b"]], ["b", ["c"]], ["c", ["a", "d"]], ["d", []], ["e", ["a"]]]);
  assert.deepEqual([...reachable(["b"], (node) => next.get(node)!)].sort(), ["a", "b", "c", "d"]);
  assert.deepEqual([...reachable([], (node: string) => next.get(node)!)], []);
});
