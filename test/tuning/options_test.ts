import assert from "node:assert/strict";
import fc from "fast-check";
import { settleTuning, TRAINING_DEFAULTS, TUNING_DEFAULTS } from "../../src/tuning/options.ts";
import { requireTrainingImages } from "../../src/tuning/tune_network.ts";

Deno.test("any number of images is enough for a training whose steps are not given", () =>
  fc.assert(fc.property(fc.integer({ min: 1, max: 100_000 }), (images) => {
    const options = settleTuning({}, images);
    assert.doesNotThrow(() => requireTrainingImages(images, options));
    assert.ok(options.validationImages <= images / 10);
    assert.ok(options.batchSize <= TUNING_DEFAULTS.batchSize);
    assert.ok(options.batchSize <= Math.max(1, (images - options.validationImages) / 4));
  })));

Deno.test("of many images 2,000 are held out and 128 are a step, of a hundred 10 and 22", () => {
  assert.deepEqual(settleTuning({}, 20_000), TUNING_DEFAULTS);
  assert.deepEqual(settleTuning({}, 50_000, TRAINING_DEFAULTS), TRAINING_DEFAULTS);
  const { validationImages, batchSize, ...others } = settleTuning({}, 100);
  assert.deepEqual([validationImages, batchSize], [10, 22]);
  assert.deepEqual({ ...TUNING_DEFAULTS, ...others }, TUNING_DEFAULTS);
});

Deno.test("what is given is taken by its word, and steps make do with what it leaves", () =>
  fc.assert(fc.property(
    fc.integer({ min: 1, max: 1000 }),
    fc.integer({ min: 0, max: 1000 }),
    fc.integer({ min: 1, max: 1000 }),
    (images, validationImages, batchSize) => {
      const given = { validationImages, batchSize };
      const options = settleTuning(given, images);
      assert.deepEqual({ ...options, ...given }, options);
      const { batchSize: step } = settleTuning({ validationImages }, images);
      const isEnough = validationImages < images;
      const check = () => requireTrainingImages(images, { validationImages, batchSize: step });
      if (isEnough) assert.doesNotThrow(check);
      else assert.throws(check, /lower validationImages or batchSize, or add images$/);
    },
  )));
