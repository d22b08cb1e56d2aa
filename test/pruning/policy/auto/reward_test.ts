import assert from "node:assert/strict";
import { rewardOf } from "../../../../src/pruning/policy/auto/reward.ts";

Deno.test("`accuracy` rewards accuracy, `flops` the logarithm of what is saved", () => {
  assert.equal(rewardOf("accuracy", { error: 0.2, cost: 1e6 }, 0.15), 0.8);
  const reward = rewardOf("flops", { error: 0.2, cost: 1e6 }, 0.15);
  assert.ok(Math.abs(reward + 0.2 * Math.log(1e6)) < 1e-12);
});

Deno.test("under `flops` errors up to the tolerance are as good as none", () => {
  const [good, better] = [0.14, 0.05].map((error) => rewardOf("flops", { error, cost: 1e6 }, 0.15));
  assert.equal(good, better);
  assert.ok(rewardOf("flops", { error: 0.14, cost: 1e5 }, 0.15) > good);
});

Deno.test("an error that is negative or no number, and a cost below 1 under `flops`, are TypeErrors", () => {
  for (const error of [NaN, -0.1]) {
    assert.throws(() => rewardOf("accuracy", { error, cost: 1 }, 0.15), TypeError);
  }
  assert.equal(rewardOf("accuracy", { error: 1.5, cost: 1 }, 0.15), -0.5);
  assert.throws(() => rewardOf("flops", { error: 0, cost: 0.5 }, 0.15), TypeError);
});
