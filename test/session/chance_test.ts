import assert from "node:assert/strict";
import { noticeOfChance } from "../../src/session/chance.ts";
import { writeMessage } from "../../src/base/message.ts";
import { createRandom } from "../../src/base/random.ts";

const CLASSES = ["a", "b", "c", "d"];

/** What is said of some answers. */
function noticesOf(labels: number[], answers: number[], classes = CLASSES): string[] {
  const test = { labels: Int32Array.from(labels) };
  const inputs = [{ name: "image", shape: [28, 28, 1] }];
  const session = { inputs, pool: { local: { dataset: { classes, test } } } };
  const right = labels.filter((label, index) => label === answers[index]).length;
  return noticeOfChance(
    session as unknown as Parameters<typeof noticeOfChance>[0],
    {
      accuracy: right / labels.length,
      answers: {
        images: Int32Array.from(labels.keys()),
        classes: Int32Array.from(answers),
        probabilities: new Float32Array(labels.length),
      },
    },
    "test",
  ).map((notice) => writeMessage(notice));
}

const labels = Array.from({ length: 200 }, (_, index) => index % 4);

Deno.test("a network that knows its images gives no notice, a mediocre one neither", () => {
  assert.deepEqual(noticesOf(labels, labels), []);
  const mediocre = labels.map((label, index) => index % 10 < 4 ? label : (label + 1) % 4);
  assert.deepEqual(noticesOf(labels, mediocre), []);
});

Deno.test("answers that have nothing to do with the images are found, always the same ones too", () => {
  const random = createRandom(3);
  const guesses = labels.map(() => Math.floor(random() * 4));
  for (const answers of [guesses, labels.map(() => 2), labels.map((label) => (label + 1) % 4)]) {
    assert.match(
      noticesOf(labels, answers)[0],
      /no better than chance \(2\d\.\d %\).*try another preset \(raw, unit, teachable-machine, keras-tf\), .*with classes$/,
    );
  }
});

Deno.test("always the commonest class is chance, however common it is", () => {
  const skewed = labels.map((_, index) => index % 10 === 0 ? 1 : 0);
  assert.match(noticesOf(skewed, skewed.map(() => 0), ["a", "b"])[0], /90\.0 % of 200 images/);
});

Deno.test("images of one class alone are held against the number of classes", () => {
  const single = labels.map(() => 1);
  assert.deepEqual(noticesOf(single, single), []);
  assert.equal(noticesOf(single, single.map((_, index) => index % 4)).length, 1);
});

Deno.test("of few images nothing is said", () => {
  assert.deepEqual(noticesOf(labels.slice(0, 19), new Array(19).fill(0)), []);
});
