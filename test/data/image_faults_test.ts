import assert from "node:assert/strict";
import { ImageFaults } from "../../src/data/image_faults.ts";

function addFaults(faults: ImageFaults, count: number): void {
  for (let number = 0; number < count; number++) faults.add(`image ${number}`, `fault ${number}`);
}

Deno.test("one faulty image is always borne, two among few are not", () => {
  const faults = new ImageFaults();
  faults.ask(2);
  addFaults(faults, 1);
  assert.throws(() => faults.add("another", "fault"), { name: "InputError" });
});

Deno.test("the limit is the floor of the share of the images asked for", () => {
  const faults = new ImageFaults({ share: 0.1 });
  faults.ask(39);
  addFaults(faults, 3);
  assert.throws(() => addFaults(faults, 4), /found 4 of 39 .* at most 10 %/);
});

Deno.test("planned images count from the start", () => {
  const faults = new ImageFaults({ planned: 500 });
  faults.ask(10);
  addFaults(faults, 5);
  assert.throws(() => addFaults(faults, 6), /found 6 of 500/);
});

Deno.test("an image that is faulty in every epoch counts once", () => {
  const faults = new ImageFaults();
  for (let epoch = 0; epoch < 10; epoch++) {
    faults.ask(20);
    addFaults(faults, 1);
  }
  assert.deepEqual([faults.count, faults.asked], [1, 200]);
});

Deno.test("the message names the first three and counts the rest", () => {
  const faults = new ImageFaults({ share: 0.04 });
  faults.ask(100);
  assert.throws(() => addFaults(faults, 5), /: fault 0; fault 1; fault 2; and 2 more$/);
});
