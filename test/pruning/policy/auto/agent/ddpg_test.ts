import assert from "node:assert/strict";
import { InputError } from "../../../../../src/base/errors.ts";
import { Agent } from "../../../../../src/pruning/policy/auto/agent/ddpg.ts";
import { createRandom } from "../../../../../src/base/random.ts";

const quick = { width: 16, batchSize: 32 };
const task = { stateSize: 2, rollouts: 11, seed: 1 };
const STATE = Float64Array.of(0.5, 1);

function walkOf(action: number) {
  return { counts: [], cost: 0, states: STATE, actions: Float64Array.of(action) };
}

/** An agent that was rewarded for actions near one. */
function teach(wanted: number, seed: number): Agent {
  const agent = new Agent({ ...task, seed }, { ...quick, noiseLast: 1e-9 });
  const random = createRandom(seed);
  for (let rollout = 0; rollout < 60; rollout++) {
    const action = random();
    agent.remember(walkOf(action), 3 - (action - wanted) ** 2);
  }
  for (let step = 0; step < 1000; step++) agent.learn(random);
  agent.perturb(11);
  return agent;
}

Deno.test("an agent learns which action is rewarded", () => {
  for (const [seed, wanted] of [[1, 0.25], [2, 0.6], [3, 0.8]]) {
    const action = teach(wanted, seed).act(STATE);
    assert.ok(Math.abs(action - wanted) < 0.1, `${action} for ${wanted}`);
  }
});

Deno.test("a step tells the losses, and the critic's falls", () => {
  const agent = new Agent(task, quick);
  const random = createRandom(4);
  for (let rollout = 0; rollout < 20; rollout++) agent.remember(walkOf(random()), random());
  const first = agent.learn(random);
  assert.ok(first.criticLoss > 0 && Number.isFinite(first.actorLoss));
  for (let step = 0; step < 200; step++) agent.learn(random);
  assert.ok(agent.learn(random).criticLoss < first.criticLoss);
});

Deno.test("the baseline starts at the first reward and follows by a twentieth", () => {
  const agent = new Agent(task, quick);
  assert.equal(agent.baseline, 0);
  agent.remember(walkOf(0), 2);
  assert.equal(agent.baseline, 2);
  agent.remember(walkOf(0), 4);
  assert.ok(Math.abs(agent.baseline - 2.1) < 1e-12);
});

Deno.test("rewards count only by their difference from the baseline", () => {
  const [low, high] = [0, 100].map((offset) => {
    const agent = new Agent(task, quick);
    const random = createRandom(5);
    for (let rollout = 0; rollout < 20; rollout++) {
      const action = random();
      agent.remember(walkOf(action), offset + action);
    }
    return agent.learn(random).criticLoss;
  });
  assert.ok(Math.abs(low - high) < 1e-9);
});

Deno.test("noise falls geometrically from first to last", () => {
  const agent = new Agent(task);
  const noise = Array.from({ length: 11 }, (_, index) => agent.noiseAt(index + 1));
  assert.equal(noise[0], 1);
  assert.ok(Math.abs(noise[10] - 1e-5) < 1e-18);
  for (let index = 1; index < 11; index++) {
    assert.ok(Math.abs(noise[index] / noise[index - 1] - 10 ** -0.5) < 1e-12);
  }
  assert.equal(new Agent(task, { noiseFirst: 0, noiseLast: 0 }).noiseAt(5), 0);
  assert.equal(new Agent({ ...task, rollouts: 1 }).noiseAt(1), 1);
});

Deno.test("every roll-out has a perturbed copy of its own, the same whenever it is drawn", () => {
  const agent = new Agent(task, quick);
  const actIn = (rollout: number) => {
    agent.perturb(rollout);
    return agent.act(STATE);
  };
  const actions = [1, 2, 3].map(actIn);
  assert.equal(new Set(actions).size, 3);
  assert.deepEqual([3, 2, 1].map(actIn), actions.toReversed());
  assert.notEqual(new Agent({ ...task, seed: 2 }, quick).act(STATE), actions[0]);
});

Deno.test("settings that make no sense are bad input, learning from nothing is an error", () => {
  for (const options of [{ width: 0 }, { batchSize: 1.5 }, { discount: NaN }, { noiseLast: -1 }]) {
    assert.throws(() => new Agent(task, options), InputError);
  }
  assert.doesNotThrow(() => new Agent(task, { width: undefined }));
  assert.throws(() => new Agent(task, quick).learn(createRandom(1)), RangeError);
});
