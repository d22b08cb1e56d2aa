import assert from "node:assert/strict";
import fc from "fast-check";
import { History } from "../../../src/api/workbench/history.ts";

const step = fc.oneof(
  fc.nat(5).map((state) => ({ kind: "enter", state }) as const),
  fc.constant({ kind: "undo" } as const),
  fc.constant({ kind: "redo" } as const),
);

Deno.test("a history is a list of states and a place in it", () => {
  fc.assert(fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
    const history = new History(0);
    const states = [0];
    let place = 0;
    for (const each of steps) {
      if (each.kind === "enter") {
        history.enter(each.state);
        states.splice(++place, Infinity, each.state);
      } else {
        const next = place + (each.kind === "undo" ? -1 : 1);
        const isThere = next in states;
        assert.equal(history[each.kind](), isThere);
        if (isThere) place = next;
      }
      assert.equal(history.current, states[place]);
    }
  }));
});

Deno.test("as many undos as changes lead back, and as many redos forward again", () => {
  fc.assert(fc.property(fc.array(fc.nat(), { minLength: 1 }), (states) => {
    const history = new History(-1);
    states.forEach((state) => history.enter(state));
    states.forEach(() => assert.ok(history.undo()));
    assert.equal(history.current, -1);
    assert.ok(!history.undo());
    states.forEach((state) => {
      assert.ok(history.redo());
      assert.equal(history.current, state);
    });
    assert.ok(!history.redo());
  }));
});
