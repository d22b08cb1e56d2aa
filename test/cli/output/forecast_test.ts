import assert from "node:assert/strict";
import {
  describeExploring,
  describeForecast,
  describeGathering,
  describeMeasuring,
  describeRuns,
  describeTraining,
} from "../../../cli/output/forecast.ts";

Deno.test("a line says what a training learns from and by what its best epoch is chosen", () => {
  const plan = { epochs: 5, images: 90, batchSize: 22, validationImages: 10, seconds: 31 };
  assert.equal(
    describeTraining(plan),
    "learns from 90 images for 5 epochs, 22 a step, and chooses the best epoch by 10 others; " +
      "that takes about 40 s",
  );
  assert.equal(
    describeTraining({ ...plan, epochs: 1, images: 48_000, validationImages: 0, seconds: 121 }),
    "learns from 48,000 images for 1 epoch, 22 a step; that takes about 3 min 0 s",
  );
  assert.match(describeTraining({ ...plan, epochs: 0.05 }), /for 0\.05 epochs/);
});

Deno.test("a line says what a pruning does, in its order", () => {
  const policy = { kind: "budget", share: 0.5 } as const;
  assert.equal(
    describeForecast({ effort: "standard", policy, repairSteps: 1600, epochs: 0, seconds: 3 }),
    "effort standard: keeps 50.00 % of the MACs where least is lost, repairs the layers and " +
      "repairs the whole network in 1,600 steps; that takes about 10 s",
  );
});

Deno.test("a line says how many images a measurement, statistics and a curve take", () => {
  assert.equal(
    describeMeasuring({ images: 2000, seconds: 0 }),
    "measures on 2,000 images; that takes about 10 s",
  );
  assert.equal(
    describeGathering({ images: 1, seconds: 11 }),
    "gathers statistics of 1 image; that takes about 20 s",
  );
  assert.equal(
    describeExploring({ images: 4000, judges: 1000, sizes: 9, seconds: 90 }),
    "gathers statistics of 4,000 images and measures 9 sizes on 1,000 others; that takes about 1 min 30 s",
  );
});

Deno.test("a line says what a sweep still does, by its first run where one is foretold", () => {
  assert.equal(
    describeRuns({ due: 6, all: 6 }, 20),
    "does 6 runs; that takes about 2 min 0 s if all are like the first",
  );
  assert.equal(describeRuns({ due: 4, all: 6 }), "does 4 of 6 runs, the others are done");
  assert.equal(describeRuns({ due: 0, all: 6 }), "has nothing to do: all of its 6 runs are done");
});
