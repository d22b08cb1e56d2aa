import assert from "node:assert/strict";
import { differences } from "../../src/base/differences.ts";

const MODEL = "0123456789abcdef".repeat(4), OTHER = MODEL.split("").reverse().join("");

Deno.test("what differs is named with both values, a value inside another by both names", () => {
  const found = { seed: 3, skip: ["a"], policy: { kind: "auto", agent: { rate: 0.1 } } };
  const wanted = { seed: 4, skip: [], policy: { kind: "auto", agent: { rate: 0.5 } } };
  assert.deepEqual(differences(found, wanted), [
    "seed 3, wanted 4",
    'skip ["a"], wanted []',
    "policy.agent.rate 0.1, wanted 0.5",
  ]);
});

Deno.test("what one side lacks is a difference, from either side", () => {
  assert.deepEqual(differences({ teacher: "x" }, {}), ["teacher x, wanted none"]);
  assert.deepEqual(differences({}, { groups: { size: 2 } }), ["groups.size none, wanted 2"]);
});

Deno.test("what JSON leaves out is none, and the order of names does not matter", () => {
  const found = { a: 1, b: { c: 2, d: 3 } };
  const wanted = { b: { d: 3, c: 2, onEpoch: () => {} }, a: 1, signal: undefined, agent: {} };
  assert.deepEqual(differences(found, wanted), []);
  assert.deepEqual(differences(wanted, found), []);
});

Deno.test("a number and a text that look alike differ", () => {
  assert.deepEqual(differences({ seed: "3" }, { seed: 3 }), ["seed 3, wanted 3"]);
});

Deno.test("fingerprints are told apart by their first digits", () => {
  assert.deepEqual(differences({ model: MODEL }, { model: OTHER }), [
    "model 0123456789ab, wanted fedcba987654",
  ]);
});
