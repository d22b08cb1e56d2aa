import assert from "node:assert/strict";
import { InputError } from "../../../src/base/errors.ts";
import type { ReaderPlace } from "../../../src/graph/cuts/readers.ts";
import {
  formatRatioList,
  keptCount,
  parseRatioList,
  uniformRatios,
} from "../../../src/pruning/policy/ratios.ts";

const convolutions: ReaderPlace[] = ["first", "second", "third"].map((key, index) => ({
  key,
  place: index + 1,
  channels: 8,
  mode: "private",
}));
const places: ReaderPlace[] = [
  ...convolutions,
  { key: "dense", channels: 8, mode: "private" },
];
const LAST = [["third", "it is the last convolution"]];

Deno.test("a ratio list is read with spaces, line ends and a trailing comma", () => {
  const { ratios, spared } = parseRatioList(" 1.0, 0.25,\n.5 ,\n", "ratio.list", places);
  assert.deepEqual(ratios, [1, 0.25, 0.5, undefined]);
  assert.deepEqual([...spared], LAST);
});

Deno.test("a ratio of 0 takes a residual block out, and is wrong elsewhere", () => {
  const block = { addition: "add", shortcut: "first", layers: ["second"], last: "second" };
  const withBlock = places.map((place) => place.key === "second" ? { ...place, block } : place);
  assert.deepEqual(parseRatioList("1,0,1", "ratio.list", withBlock).ratios, [1, 0, 1, undefined]);
  assert.throws(() => parseRatioList("0,0,1", "ratio.list", withBlock), /entry 1 \(first\)/);
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
  const { ratios, spared } = uniformRatios(0.5, places);
  assert.deepEqual(ratios, [0.5, 0.5, 0.5, undefined]);
  assert.deepEqual([...spared], LAST);
  for (const ratio of [0, -1, 1.01, NaN]) {
    assert.throws(() => uniformRatios(ratio, places), InputError);
  }
});

Deno.test("a ratio list names what it has no place for, and the last convolution where that is cut", () => {
  const named = parseRatioList("1, 0.5, 1, third=0.75, dense = 0.25", "a", places);
  assert.deepEqual(named.ratios, [1, 0.5, 0.75, 0.25]);
  assert.deepEqual([...named.spared], []);
  assert.throws(() => parseRatioList("1,1,1,other=1", "a", places), /an entry of "other"/);
  assert.throws(
    () => parseRatioList("1,1,1,dense=2", "a", places),
    /"dense=2" as entry 4 \(dense\)/,
  );
  assert.throws(() => parseRatioList("1,1,dense=1", "a", places), /found 2 entries, wanted 3/);
});

Deno.test("formatRatioList() writes what parseRatioList() reads", () => {
  for (const ratios of [[1, 0.5, 1, 1], [1, 0.5, 0.25, 1], [0.1, 0.2, 0.3, 0.4], [1, 1, 1, 0.5]]) {
    const read = parseRatioList(
      formatRatioList(places, { ratios, spaces: new Map() }),
      "a",
      places,
    );
    const cut = read.ratios.map((ratio, index) =>
      read.spared.has(places[index].key) ? 1 : ratio ?? 1
    );
    assert.deepEqual(cut, ratios);
  }
  const plain = { ratios: [1, 0.5, 1, 1], spaces: new Map() };
  assert.equal(formatRatioList(places, plain), "1,0.5,1");
});

Deno.test("a ratio list says of coupled spaces what their readers cannot say", () => {
  const joined = [
    { key: "first", place: 1, channels: 3, mode: "whole" },
    { key: "second", place: 2, channels: 4, mode: "couple", spaces: [1] },
    { key: "third", place: 3, channels: 8, mode: "couple", spaces: [1, 2] },
    { key: "last", place: 4, channels: 12, mode: "couple", spaces: [1, 2, 3] },
  ] as const;
  for (
    const shares of [[0.5, 0.25, 0.75], [0.25, 0.5, 0.75], [1, 0.5, 0.25], [0.5, 1, 1], [1, 1, 1]]
  ) {
    const spaces = new Map(shares.map((share, index) => [index + 1, share]));
    const ratios = joined.map((place) =>
      "spaces" in place ? Math.min(...place.spaces.map((space) => spaces.get(space)!)) : 1
    );
    const read = parseRatioList(formatRatioList(joined, { ratios, spaces }), "a", joined);
    const found = [1, 2, 3].map((space) => {
      const readers = joined.filter((place) =>
        "spaces" in place && (place.spaces as readonly number[]).includes(space)
      );
      return read.spaces.get(space) ??
        Math.max(
          ...readers.map(({ key }) =>
            read.spared.has(key) ? 1 : read.ratios[joined.findIndex((place) => place.key === key)]!
          ),
        );
    });
    assert.deepEqual(found, shares);
  }
  assert.throws(() => parseRatioList("1,1,1,1,space 4=0.5", "a", joined), /an entry of "space 4"/);
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
