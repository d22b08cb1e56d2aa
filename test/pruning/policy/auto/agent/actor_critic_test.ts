import assert from "node:assert/strict";
import { Actor } from "../../../../../src/pruning/policy/auto/agent/actor.ts";
import { Critic } from "../../../../../src/pruning/policy/auto/agent/critic.ts";
import { createRandom, drawNormal, type Random } from "../../../../../src/base/random.ts";
import { checkGradient } from "./gradients.ts";

const ROWS = 6;
const shape = { stateSize: 4, width: 5, batch: ROWS };

function fillNormal(values: Float64Array, random: Random): Float64Array {
  return values.map((_, index) => values[index] = drawNormal(random));
}

Deno.test("the actor's gradients match finite differences, and its actions lie in (0, 1)", () => {
  const random = createRandom(1);
  const actor = new Actor(shape);
  const [weights, gradients] = [actor.createWeights(), actor.createWeights()];
  fillNormal(weights.flat, random);
  const states = fillNormal(new Float64Array(ROWS * shape.stateSize), random);
  const slopes = fillNormal(new Float64Array(ROWS), random);
  const measureLoss = () => {
    const actions = actor.forward(weights, states, ROWS);
    assert.ok(actions.every((action) => action > 0 && action < 1));
    return actions.reduce((sum, action, row) => sum + slopes[row] * action, 0);
  };
  measureLoss();
  const byState = actor.backward(weights, slopes, ROWS, gradients).slice();
  checkGradient(weights.flat, gradients.flat, measureLoss, "weight");
  checkGradient(states, byState, measureLoss, "state");
});

Deno.test("the critic's gradients match finite differences: weights, states and actions", () => {
  const random = createRandom(2);
  const critic = new Critic(shape);
  const [weights, gradients] = [critic.createWeights(), critic.createWeights()];
  fillNormal(weights.flat, random);
  const states = fillNormal(new Float64Array(ROWS * shape.stateSize), random);
  const actions = fillNormal(new Float64Array(ROWS), random);
  const slopes = fillNormal(new Float64Array(ROWS), random);
  const measureLoss = () =>
    critic.forward(weights, states, actions, ROWS)
      .reduce((sum, value, row) => sum + slopes[row] * value, 0);
  measureLoss();
  const byAction = critic.backwardActions(weights, slopes, ROWS).slice();
  const byState = critic.backward(weights, slopes, ROWS, gradients).slice();
  checkGradient(actions, byAction, measureLoss, "action");
  checkGradient(states, byState, measureLoss, "state");
  checkGradient(weights.flat, gradients.flat, measureLoss, "weight");
});

Deno.test("the critic's value reaches the actor's weights by way of the action", () => {
  const random = createRandom(3);
  const [actor, critic] = [new Actor(shape), new Critic(shape)];
  const [policy, gradients, value] = [
    actor.createWeights(),
    actor.createWeights(),
    critic.createWeights(),
  ];
  for (const { flat } of [policy, value]) fillNormal(flat, random);
  const states = fillNormal(new Float64Array(ROWS * shape.stateSize), random);
  const measureLoss = () =>
    -critic.forward(value, states, actor.forward(policy, states, ROWS), ROWS)
      .reduce((sum, each) => sum + each / ROWS, 0);
  measureLoss();
  const slopes = new Float64Array(ROWS).fill(-1 / ROWS);
  actor.backward(policy, critic.backwardActions(value, slopes, ROWS), ROWS, gradients);
  checkGradient(policy.flat, gradients.flat, measureLoss, "weight");
});
