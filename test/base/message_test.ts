import assert from "node:assert/strict";
import { InputError, messageOf, WorkerError } from "../../src/base/errors.ts";
import {
  anyOf,
  isMessage,
  LIBRARY_WORDS,
  option,
  type OptionWords,
  partsOf,
  writeMessage,
} from "../../src/base/message.ts";

/** Other words: most options in capitals. */
const SHOUTED: OptionWords = {
  names: {
    ...LIBRARY_WORDS.names,
    force: "FORCE",
    batches: "IMAGES",
    batchSize: "IMAGES",
    mean: "MEAN",
  },
  nameForInput: (name, input) => `${name} OF ${input}`,
};

Deno.test("a message names options as callers of the library write them, or in any other words", () => {
  const error = new InputError(["writing {force}: found it; replace it with ", option("force")]);
  assert.equal(error.message, "writing {force}: found it; replace it with force");
  assert.equal(error.describe(SHOUTED), "writing {force}: found it; replace it with FORCE");
  assert.equal(error.option, "force");
  const labels = new InputError(["found 2 classes; ", option("labels"), " compares outputs"]);
  assert.equal(labels.message, "found 2 classes; labels: false compares outputs");
});

Deno.test("several options are joined, and those that are called the same are named once", () => {
  const error = new InputError(["raise ", anyOf(["skip", "batches", "batchSize"])]);
  assert.equal(error.message, "raise skip, batches or batchSize");
  assert.equal(error.describe(SHOUTED), "raise skip or IMAGES");
  assert.equal(error.option, "skip");
});

Deno.test("an option of one of several inputs is named with the input", () => {
  const error = new InputError(["give ", anyOf(["mean", "std"], "depth")]);
  assert.equal(error.message, "give inputs.depth.mean or inputs.depth.std");
  assert.equal(error.describe(SHOUTED), "give MEAN OF depth or std OF depth");
});

Deno.test("a message without options is the same in all words, and one of others keeps theirs", () => {
  const cause = new Error("no");
  const plain = new InputError("reading x: found y; mend it", { cause });
  assert.deepEqual([plain.message, plain.describe(SHOUTED)], [plain.message, plain.message]);
  assert.deepEqual([plain.option, plain.cause], [undefined, cause]);
  const lost = new WorkerError([...messageOf(plain), " with ", option("force")]);
  assert.equal(lost.describe(SHOUTED), "reading x: found y; mend it with FORCE");
  assert.deepEqual(messageOf(cause), ["no"]);
});

Deno.test("what a report says is written in any words, be it a text or a message", () => {
  assert.equal(writeMessage("lower the rate"), "lower the rate");
  assert.equal(writeMessage("replace it with force", SHOUTED), "replace it with force");
  const message = ["raise ", anyOf(["batches", "mean"], "depth")];
  assert.equal(writeMessage(message), "raise inputs.depth.batches or inputs.depth.mean");
  assert.equal(writeMessage(message, SHOUTED), "raise IMAGES OF depth or MEAN OF depth");
  assert.deepEqual([partsOf("a"), partsOf(message)], [["a"], message]);
});

Deno.test("a message is told from other plain data, also after it has been JSON", () => {
  const message = ["raise ", option("batches"), anyOf(["mean", "std"], "depth")];
  assert.ok(isMessage(JSON.parse(JSON.stringify(message))));
  assert.ok(isMessage([]));
  for (
    const other of [
      ...[null, 7, "a", {}, [7], [null], [[]], [{}], [{ anyOf: [] }], [{ anyOf: "mean" }]],
      ...[[{ anyOf: ["constructor"] }], [{ anyOf: [null] }], [{ anyOf: ["mean"], input: 1 }]],
    ]
  ) assert.ok(!isMessage(other), JSON.stringify(other));
});
