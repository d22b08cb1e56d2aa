import assert from "node:assert/strict";
import fc from "fast-check";
import { placesOf, readCurve } from "../../page/curve.ts";

const original = { macs: 1000, params: 50, accuracy: 0.9, images: 200 };
const point = (share: number, accuracy: number) => ({
  share,
  macs: 1000 * share,
  params: 10,
  accuracy,
  drop: 0.9 - accuracy,
  standardError: 0.01,
  images: 200,
});

Deno.test("places go from the smallest model to the original, by the MACs that they have", () => {
  const places = placesOf({
    original,
    points: [point(0.8, 0.88), { ...point(0.4, 0.6), macs: 380 }],
  });
  assert.deepEqual(places.map(({ share, value }) => [share, value]), [
    [0.38, 0.6],
    [0.8, 0.88],
    [1, 0.9],
  ]);
});

Deno.test("where outputs are compared, a place has their error, and the original none", () => {
  const { accuracy: _, ...compared } = point(0.5, 0.7);
  const { accuracy: __, ...whole } = original;
  const places = placesOf({ original: whole, points: [{ ...compared, drop: 0.2 }] });
  assert.deepEqual(places.map(({ value }) => value), [0.2, 0]);
});

Deno.test("the curve is read between the places beside, and not below the smallest", () => {
  const places = placesOf({ original, points: [point(0.8, 0.88), point(0.4, 0.6)] });
  assert.equal(readCurve(places, 0.39), undefined);
  assert.ok(Math.abs(readCurve(places, 0.6)!.value - 0.74) < 1e-12);
  const shares = fc.array(fc.integer({ min: 1, max: 99 }), { minLength: 1, maxLength: 9 });
  fc.assert(fc.property(shares, (percents) => {
    const points = percents.map((percent) => point(percent / 100, percent / 200));
    const measured = placesOf({ original, points });
    for (const place of measured) {
      const { value } = readCurve(measured, place.share)!;
      assert.ok(Math.abs(value - place.value) < 1e-12, "what was measured is read as it is");
    }
  }));
});
