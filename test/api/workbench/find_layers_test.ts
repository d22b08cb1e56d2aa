import assert from "node:assert/strict";
import { InputError } from "../../../src/base/errors.ts";
import { findLayers } from "../../../src/api/workbench/find_layers.ts";

const NAMES = ["conv1", "stage1/conv1", "stage1/conv2", "stage2.conv1", "all_of_it"];

const CASES: Record<string, readonly string[]> = {
  "conv1": ["conv1"],
  "all": NAMES,
  "*": NAMES,
  "stage1/*": ["stage1/conv1", "stage1/conv2"],
  "*conv?": ["conv1", "stage1/conv1", "stage1/conv2", "stage2.conv1"],
  "stage?.conv1": ["stage2.conv1"],
  "all*": ["all_of_it"],
};

for (const [pattern, wanted] of Object.entries(CASES)) {
  Deno.test(`${pattern} means ${wanted.length} of the convolutions`, () => {
    assert.deepEqual(findLayers(pattern, NAMES), wanted);
  });
}

Deno.test("a layer that is called all is meant by its name", () => {
  assert.deepEqual(findLayers("all", ["conv1", "all"]), ["all"]);
});

Deno.test("a name that is not there is answered with the nearest ones", () => {
  for (const pattern of ["stage1/conv3", "stage1/cnv?3"]) {
    assert.throws(() => findLayers(pattern, NAMES), (error) => {
      assert.ok(error instanceof InputError);
      assert.ok(error.message.includes(`found none called "${pattern}", wanted a name`));
      assert.match(error.message, /the nearest names are stage1\/conv1, stage1\/conv2, \S+$/);
      return true;
    });
  }
});
