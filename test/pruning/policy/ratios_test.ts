import assert from "node:assert/strict";
import { InputError } from "../../../src/base/errors.ts";
import type { ConvolutionPlace } from "../../../src/graph/cuts/convolutions.ts";
import { keptCount, parseRatioList, uniformRatios } from "../../../src/pruning/policy/ratios.ts";

const places: ConvolutionPlace[] = ["first", "second", "third"].map((key, index) => ({
  key,
  place: index + 1,
  channels: 8,
  mode: "private",
}));

Deno.test("a ratio list is read with spaces, line ends and a trailing comma", () => {
  assert.deepEqual(parseRatioList(" 1.0, 0.25,\n.5 ,\n", "ratio.list", places), [1, 0.25, 0.5]);
});

Deno.test("a wrong entry of a ratio list is named with its layer", () => {
  for (const entry of ["0", "1.5", "-0.5", "half", "", "NaN"]) {
    assert.throws(
      () => parseRatioList(`1, ${entry}, 1`, "ratio.list", places),
      (error: Error) =>
        error instanceof InputError &&
        error.message.includes(`"${entry}" as entry 2 (second)`) &&
        error.message.startsWith("reading ratio.list"),
    );
  }
});

Deno.test("too few and too many entries are refused with both numbers", () => {
  assert.throws(() => parseRatioList("1, 1", "a", places), /found 2 entries, wanted 3/);
  assert.throws(() => parseRatioList("1, 1, 1, 1", "a", places), /found 4 entries, wanted 3/);
});

Deno.test("uniformRatios() refuses what keeps nothing or more than all", () => {
  assert.deepEqual(uniformRatios(0.5, places), [0.5, 0.5, 0.5]);
  for (const ratio of [0, -1, 1.01, NaN]) {
    assert.throws(() => uniformRatios(ratio, places), InputError);
  }
});

Deno.test("keptCount() rounds to the nearest, then up to the multiple, within 1 and all", () => {
  const counts = [
    keptCount(0.5, 16, 1),
    keptCount(0.1875, 16, 1),
    keptCount(0.546875, 64, 1),
    keptCount(0.01, 16, 1),
    keptCount(0.1875, 16, 4),
    keptCount(0.9, 10, 4),
    keptCount(1, 10, 1),
  ];
  assert.deepEqual(counts, [8, 3, 35, 1, 4, 10, 10]);
});
