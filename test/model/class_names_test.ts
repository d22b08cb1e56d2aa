import assert from "node:assert/strict";
import { parseClassNames } from "../../src/model/class_names.ts";

const READ: [what: string, text: string, names: string[]][] = [
  ["a name in every line", "cat\ndog\n", ["cat", "dog"]],
  ["Windows' ends of lines, blank lines and a mark", "\uFEFFcat\r\n\r\n dog \r\n", ["cat", "dog"]],
  ["Teachable Machine's numbers", "0 cat\n1 great dane\n", ["cat", "great dane"]],
  ["numbers in another order", "1 dog\n0 cat", ["cat", "dog"]],
  ["names that are numbers", "3\n1\n2", ["3", "1", "2"]],
  ["names of which some begin with numbers", "2 stroke\nfour stroke", ["2 stroke", "four stroke"]],
  ["a list in JSON", '["cat", "dog"]', ["cat", "dog"]],
  ["Keras' class_indices", '{"dog": 1, "cat": 0}', ["cat", "dog"]],
  ["names by number", '{"1": "dog", "0": "cat"}', ["cat", "dog"]],
];

for (const [what, text, names] of READ) {
  Deno.test(`class names: ${what}`, () => {
    assert.deepEqual(parseClassNames(text, "labels.txt"), names);
  });
}

const REFUSED: [what: string, text: string, message: RegExp][] = [
  ["no name", " \n", /labels\.txt: found no name/],
  ["a name twice", "cat\ncat", /found the name "cat" twice/],
  ["numbers with a gap", "0 cat\n2 dog", /found the number 2 where 1 was wanted/],
  ["malformed JSON", "[1", /found malformed JSON/],
  ["JSON of too many levels", "[".repeat(10_000) + "]".repeat(10_000), /more than 500 levels/],
  ["numbers that are none", '{"cat": 0, "dog": 1e999}', /found the number Infinity/],
  ["a name that is none", '["cat", null]', /wanted a list of names/],
  ["other JSON", '{"labels": []}', /wanted a list of names/],
];

for (const [what, text, message] of REFUSED) {
  Deno.test(`class names refuse ${what}`, () => {
    assert.throws(() => parseClassNames(text, "labels.txt"), { name: "InputError", message });
  });
}
