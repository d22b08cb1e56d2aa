import assert from "node:assert/strict";
import { createBatch, Replay } from "../../../../../src/pruning/policy/auto/agent/replay.ts";
import { createRandom } from "../../../../../src/base/random.ts";

/** A roll-out of three decisions that can be told from others. */
function addNumbered(replay: Replay, rollout: number): void {
  const states = Float64Array.from({ length: 6 }, (_, place) => 10 * rollout + place);
  const actions = Float64Array.from({ length: 3 }, (_, place) => rollout + place / 10);
  replay.addRollout(states, actions, -rollout);
}

Deno.test("transitions come back as they went in, and the last of a roll-out is marked", () => {
  const replay = new Replay(100, 2);
  for (const rollout of [1, 2, 3]) addNumbered(replay, rollout);
  assert.equal(replay.length, 9);
  const batch = createBatch(200, 2);
  replay.sample(createRandom(1), batch);
  for (let row = 0; row < 200; row++) {
    const rollout = Math.floor(batch.actions[row]);
    const place = Math.round(10 * (batch.actions[row] - rollout));
    const first = 10 * rollout + 2 * place;
    assert.deepEqual([...batch.states.slice(2 * row, 2 * row + 2)], [first, first + 1]);
    assert.equal(batch.rewards[row], -rollout);
    assert.equal(batch.areLast[row], place === 2 ? 1 : 0);
    const next = place === 2 ? [0, 0] : [first + 2, first + 3];
    assert.deepEqual([...batch.nextStates.slice(2 * row, 2 * row + 2)], next);
  }
});

Deno.test("a full ring forgets the oldest transitions", () => {
  const replay = new Replay(4, 2);
  for (const rollout of [1, 2, 3]) addNumbered(replay, rollout);
  assert.equal(replay.length, 4);
  const batch = createBatch(100, 2);
  replay.sample(createRandom(1), batch);
  const found = new Set(Array.from(batch.actions, (action) => action.toFixed(1)));
  assert.deepEqual([...found].sort(), ["2.2", "3.0", "3.1", "3.2"]);
});

Deno.test("every transition is as likely as the others, and a seed draws the same again", () => {
  const replay = new Replay(50, 2);
  for (const rollout of [1, 2, 3]) addNumbered(replay, rollout);
  const [batch, other] = [createBatch(9000, 2), createBatch(9000, 2)];
  replay.sample(createRandom(2), batch);
  replay.sample(createRandom(2), other);
  assert.deepEqual(batch, other);
  const drawn = Map.groupBy(batch.actions, (action) => action);
  for (const { length } of drawn.values()) assert.ok(Math.abs(length - 1000) < 120, `${length}`);
});
