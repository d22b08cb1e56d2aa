import assert from "node:assert/strict";
import fc from "fast-check";
import { MOST_REPAIRS, searchFloor } from "../../../src/pruning/ratios/floor_search.ts";

const SHARES = [0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2, 0.1];

/** Looks for the floor of networks whose drop, read off and repaired, is a function of the share. */
async function search(
  readOff: (share: number) => number,
  repaired: (share: number) => number,
  limit: number,
) {
  const curve = SHARES.map((share) => ({ share, drop: readOff(share) }));
  return await searchFloor(curve, limit, (share) => {
    const drop = repaired(share);
    return Promise.resolve({ drop, standardError: 0, images: 100, network: `at ${share}` });
  });
}

Deno.test("the smallest network that keeps a floor is found with few repairs, whatever they bring", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.double({ min: 0.05, max: 1, noNaN: true }),
      fc.double({ min: 1, max: 4, noNaN: true }),
      fc.double({ min: 0.005, max: 0.1, noNaN: true }),
      async (ratio, power, limit) => {
        const readOff = (share: number) => (1 - share) ** power;
        const repaired = (share: number) => ratio * readOff(share);
        const { best, tried } = await search(readOff, repaired, limit);
        assert.ok(tried.length <= MOST_REPAIRS);
        const least = Math.max(0.1, 1 - (limit / ratio) ** (1 / power));
        if (best === undefined) assert.ok(least > 0.85, `${least}`);
        else {
          assert.ok(best.drop <= limit);
          assert.ok(best.share - least < 0.12, `${best.share}, at least ${least}`);
          assert.equal(best.network, `at ${best.share}`);
        }
      },
    ),
    { seed: 1, numRuns: 300 },
  );
});

Deno.test("a network that loses nothing is cut as far as the curve goes", async () => {
  const { best, tried } = await search(() => 0, () => 0, 0.01);
  assert.equal(best!.share, 0.1);
  assert.equal(tried.length, 1);
});

Deno.test("where no network keeps the floor none is named", async () => {
  const { best, tried } = await search(() => 0.5, () => 0.5, 0.01);
  assert.equal(best, undefined);
  assert.ok(tried.length > 0 && tried.length <= MOST_REPAIRS);
});
