import assert from "node:assert/strict";
import { rewardOf } from "../../../src/policy/auto/reward.ts";

Deno.test("`accuracy` rewards accuracy, `flops` the logarithm of what is saved", () => {
  assert.equal(rewardOf("accuracy", { accuracy: 0.8, cost: 1e6 }, 0.15), 0.8);
  const reward = rewardOf("flops", { accuracy: 0.8, cost: 1e6 }, 0.15);
  assert.ok(Math.abs(reward + 0.2 * Math.log(1e6)) < 1e-12);
});

Deno.test("under `flops` errors up to the tolerance are as good as none", () => {
  const [good, better] = [0.86, 0.95].map((accuracy) =>
    rewardOf("flops", { accuracy, cost: 1e6 }, 0.15)
  );
  assert.equal(good, better);
  assert.ok(rewardOf("flops", { accuracy: 0.86, cost: 1e5 }, 0.15) > good);
});

Deno.test("an accuracy that is no share, and a cost below 1 under `flops`, are TypeErrors", () => {
  for (const accuracy of [NaN, -0.1, 1.1]) {
    assert.throws(() => rewardOf("accuracy", { accuracy, cost: 1 }, 0.15), TypeError);
  }
  assert.throws(() => rewardOf("flops", { accuracy: 1, cost: 0.5 }, 0.15), TypeError);
});
