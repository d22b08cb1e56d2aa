import assert from "node:assert/strict";
import { writeMessage } from "../../src/base/message.ts";
import { checkModelClasses, orderClasses } from "../../src/data/classes.ts";

/** Matches folders of classes with a model's classes. */
function match(own: string[], wanted?: string[], options = {}) {
  const known = { own, wanted, isOrderedByName: true, isNeeded: true, ...options };
  const { classes, labels, notices } = orderClasses(known, "pets");
  return { classes, labels: [...labels], notices: notices.map((notice) => writeMessage(notice)) };
}

Deno.test("the same names in the same order need no word", () => {
  assert.deepEqual(match(["cat", "dog"], ["cat", "dog"]), {
    classes: ["cat", "dog"],
    labels: [0, 1],
    notices: [],
  });
});

Deno.test("another order is followed by name, and said", () => {
  const { labels, notices } = match(["cat", "dog"], ["dog", "cat"]);
  assert.deepEqual(labels, [1, 0]);
  assert.match(notices[0], /^classes were matched by name: the model has .* dog, cat, the data/);
});

Deno.test("upper and lower case, blanks and lines between words are the same", () => {
  const { classes, labels } = match(["Great_Dane", "cat"], ["Cat", "great dane"]);
  assert.deepEqual([classes, labels], [["Cat", "great dane"], [1, 0]]);
});

Deno.test("names that differ in case alone are not mixed up", () => {
  assert.deepEqual(match(["A", "a"], ["a", "A"]).labels, [1, 0]);
  assert.throws(() => match(["A", "a"], ["a", "b"]), { name: "InputError" });
});

Deno.test("fewer classes than the model's are matched by name, and said", () => {
  const { classes, labels, notices } = match(["cat", "dog"], ["ant", "cat", "cow", "dog"]);
  assert.deepEqual([classes.length, labels], [4, [1, 3]]);
  assert.deepEqual(notices, ["the data has 2 of the model's 4 classes: cat, dog"]);
});

Deno.test("folders that the model knows in part are refused with what differs", () => {
  assert.throws(() => match(["cat", "wolf"], ["cat", "dog"]), {
    name: "InputError",
    message:
      /classes of pets with the model's: found wolf, which the model does not know, and no folder for dog/,
  });
  assert.throws(() => match(["cat", "dog", "wolf"], ["cat", "dog"]), /found wolf, .* for one more/);
  assert.throws(() => match(["a"], ["cat", "dog"]), /found a, .* no folder for cat, dog/);
});

Deno.test("classes that are numbered in the data keep their numbers, and the difference is said", () => {
  const { labels, notices } = match(["plane", "car"], ["airplane", "car"], {
    isOrderedByName: false,
  });
  assert.deepEqual(labels, [0, 1]);
  assert.match(
    notices[0],
    /are not called as the model's .*: they were taken as they are numbered/,
  );
});

Deno.test("nothing is refused where images are not classified", () => {
  const { labels, notices } = match(["cat", "wolf"], ["cat", "dog"], { isNeeded: false });
  assert.deepEqual([labels, notices], [[0, 1], []]);
});

Deno.test("folders that are numbers are taken in the order of names, which is said from 10 on", () => {
  const numbers = (count: number) => Array.from({ length: count }, (_, index) => `${index}`).sort();
  assert.deepEqual(match(numbers(10)).notices, []);
  const [notice] = match(numbers(11)).notices;
  assert.match(notice, /in the order of their names: 0, 1, 10, .*classes with classes/);
});

Deno.test("another number of class names than of outputs is refused", () => {
  checkModelClasses(["a", "b"], 2);
  checkModelClasses(undefined, 2);
  checkModelClasses(["a", "b"], undefined);
  assert.throws(() => checkModelClasses(["a", "b"], 3), /found 2 names \(a, b\), wanted 3/);
});
