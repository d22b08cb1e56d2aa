import assert from "node:assert/strict";
import { InputError, option, UsageError } from "../../../src/base/mod.ts";
import { readFailure, writeFailure } from "../../../src/distributed/queue/queued_job.ts";

Deno.test("a failure keeps its class and the options that it names on its way through the queue", () => {
  for (const known of [InputError, UsageError]) {
    const error = new known(["fetching a: found nothing; correct ", option("blobs")]);
    const read = readFailure(writeFailure(error));
    assert.ok(read instanceof known);
    assert.deepEqual(read.parts, error.parts);
    assert.equal(read.message, "fetching a: found nothing; correct blobs");
  }
});

Deno.test("any other failure is its text", () => {
  for (const text of ["job stalled more than allowable limit", "InputError", ""]) {
    const read = readFailure(writeFailure(new TypeError(text)));
    assert.deepEqual([read.name, read.message], ["Error", text]);
  }
  assert.equal(readFailure(writeFailure("plain")).message, "plain");
});

Deno.test("a failure whose message is none is its text", () => {
  for (
    const message of [
      ...["", "no JSON", "null", "7", '"a"', "{}", "[7]", "[null]", "[{}]", '[{"anyOf":7}]'],
      ...['[{"anyOf":["constructor"]}]', '[{"anyOf":["toString"]}]', '["a",{"anyOf":[null]}]'],
      '["a",{"anyOf":["queue"],"input":1}]',
      "[".repeat(10_000) + "]".repeat(10_000),
    ]
  ) {
    const read = readFailure(`InputError: ${message}`);
    assert.deepEqual([read.name, read.message], ["Error", `InputError: ${message}`]);
  }
});
