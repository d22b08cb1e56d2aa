import assert from "node:assert/strict";
import { renderCurve } from "../../src/report/mod.ts";

const POINTS = [
  { share: 0.9, macs: 9e6, params: 9e4, accuracy: 0.9, drop: 0.01, standardError: 0.002 },
  { share: 0.5, macs: 5e6, params: 4e4, accuracy: 0.85, drop: 0.06, standardError: 0.005 },
];
const ORIGINAL = { macs: 1e7, params: 1e5, accuracy: 0.91, images: 2000 };

Deno.test("a curve is drawn against MACs and parameters, and against time where that is known", async () => {
  const curve = { name: "<net>", target: "macs", original: ORIGINAL, points: POINTS } as const;
  const page = await renderCurve(curve);
  assert.match(page, /How small &lt;net&gt; can be/);
  assert.match(page, /2000 held-out training images/);
  assert.equal(page.match(/<figure /g)!.length, 2);
  assert.match(page, /accuracy on held-out training images \(%\)/);
  assert.doesNotMatch(page, /test images/);
  const timed = POINTS.map((point, index) => ({ ...point, milliseconds: 2 - index }));
  const page2 = await renderCurve({ ...curve, target: "latency", points: timed });
  assert.equal(page2.match(/<figure /g)!.length, 3);
});

Deno.test("where outputs are compared a curve is of the relative error, 0 for the original", async () => {
  const points = POINTS.map(({ accuracy: _accuracy, ...point }) => point);
  const { accuracy: _accuracy, ...original } = ORIGINAL;
  const page = await renderCurve({ name: "net", target: "params", original, points });
  assert.match(page, /Relative error against/);
  assert.doesNotMatch(page, /[Aa]ccuracy/);
});
