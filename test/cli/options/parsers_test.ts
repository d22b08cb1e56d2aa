import assert from "node:assert/strict";
import * as parsers from "../../../cli/options/parsers.ts";

/** For every parser: what it reads, and what it refuses. */
const CASES: { [Name in keyof typeof parsers]: { read: [string, unknown][]; refused: string[] } } =
  {
    positiveInteger: {
      read: [["1", 1], ["128", 128], [" 7 ", 7], ["1e3", 1000]],
      refused: ["0", "-1", "1.5", "", " ", "ten", "Infinity", "NaN", "1,000"],
    },
    seedInteger: {
      read: [["0", 0], ["-5", -5], ["2147483647", 2147483647]],
      refused: ["2147483648", "0.5", "", "seed"],
    },
    ratio: {
      read: [["1", 1], ["0.001", 0.001], [".5", 0.5]],
      refused: ["0", "1.01", "-0.5", "", "half"],
    },
    share: { read: [["0", 0], ["1", 1], ["0.01", 0.01]], refused: ["-0.01", "1.5", "", "1%"] },
    nonNegativeInteger: {
      read: [["0", 0], ["12", 12]],
      refused: ["-1", "1.5", "", "none"],
    },
    nonNegativeNumber: { read: [["0", 0], ["5e-4", 5e-4]], refused: ["-1e-9", "", "Infinity"] },
    positiveNumber: { read: [["1e-4", 1e-4], ["2", 2]], refused: ["0", "-1", "", "Infinity"] },
    boolean: { read: [["true", true], ["false", false]], refused: ["", "1", "yes", "TRUE "] },
    shard: {
      read: [["2/5", { number: 2, of: 5 }], ["1/1", { number: 1, of: 1 }]],
      refused: ["", "2", "0/5", "6/5", "1/2/3", "1.5/2", "-1/2", "a/b", "1/"],
    },
    numberList: {
      read: [["1", [1]], ["125.3, 123,-1", [125.3, 123, -1]]],
      refused: ["", "1,", "1,,2", "1;2", "red"],
    },
    nameList: {
      read: [["conv1", ["conv1"]], [" a, b ,", ["a", "b"]], ["", []]],
      refused: [],
    },
    imageSize: {
      read: [["32", [32, 32]], ["224x192", [224, 192]], ["224,192", [224, 192]], ["8×6", [8, 6]]],
      refused: ["", "x", "32x", "0", "1x2x3", "3.5", "-4x4"],
    },
  };

for (const [name, { read, refused }] of Object.entries(CASES)) {
  const parse = parsers[name as keyof typeof parsers];
  Deno.test(`\`${name}()\` reads what it should and refuses the rest`, () => {
    for (const [text, value] of read) assert.deepEqual(parse(text), value, JSON.stringify(text));
    for (const text of refused) {
      assert.throws(() => parse(text), { code: "commander.invalidArgument" }, JSON.stringify(text));
    }
  });
}
