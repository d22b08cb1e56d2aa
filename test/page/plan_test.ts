import assert from "node:assert/strict";
import { describePlan, describeRepair } from "../../page/plan.ts";

const policy = { kind: "budget", share: 0.5 } as const;

Deno.test("a plan says what is done, in its order, and roughly for how long", () => {
  const plan = (repairSteps: number, epochs: number, seconds: number) =>
    describePlan({ policy, repairSteps, epochs, seconds });
  assert.equal(
    plan(0, 0, 3),
    "chooses channels and repairs layer by layer; about 10 s on this device",
  );
  assert.equal(
    plan(160, 0, 41),
    "chooses channels, repairs layer by layer and repairs the whole network in 160 steps; " +
      "about 50 s on this device",
  );
  assert.match(plan(600, 20, 601), /600 steps and tunes it for 20 epochs; about 11 minutes/);
});

Deno.test("a repair that won nothing is told as one", () => {
  const [before, after] = [{ validationAccuracy: 0.9 }, { validationAccuracy: 0.91 }];
  const heldOut = { images: 500, before, after };
  const said = (isKept: boolean) => describeRepair({ steps: 160, epochs: [], heldOut, isKept });
  assert.match(said(true), /in 160 steps: from 90\.00% to 91\.00% on 500 training images/);
  assert.match(said(false), /no better than before on 500 training images .* was undone$/);
  assert.match(describeRepair({ steps: 30, epochs: [] }), /repaired in 30 steps$/);
  const compared = {
    images: 9,
    before: { validationOutputError: 0.2 },
    after: { validationOutputError: 0.1 },
  };
  assert.match(
    describeRepair({ steps: 30, epochs: [], heldOut: compared, isKept: true }),
    /from an error of 20\.0% to an error of 10\.0%/,
  );
});
