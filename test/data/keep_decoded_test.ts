import assert from "node:assert/strict";
import type { ImageSet } from "../../src/data/dataset.ts";
import { keepDecoded } from "../../src/data/keep_decoded.ts";

/** Images of two bytes, the number of the image and how many have been read; image 3 cannot be. */
function countedSet(): ImageSet & { reads: number } {
  const set = {
    reads: 0,
    length: 5,
    allocate: () => [new Uint8Array(2)],
    describe: (index: number) => `image ${index}`,
    read: (index: number, [out]: readonly (Uint8Array | Float32Array)[]) => {
      set.reads++;
      if (index === 3) return Promise.reject(new Error("broken"));
      out.set([index, set.reads]);
      return Promise.resolve();
    },
  };
  return set;
}

Deno.test("images that have room are read once, others each time", async () => {
  const set = countedSet();
  const kept = keepDecoded(set, 4);
  const read = async (index: number) => {
    const [out] = kept.allocate();
    await kept.read(index, [out]);
    return [...out];
  };
  const first = [await read(0), await read(1), await read(2)];
  assert.deepEqual([await read(0), await read(1)], first.slice(0, 2));
  assert.equal(set.reads, 3);
  assert.deepEqual(await read(2), [2, 4]);
});

Deno.test("what is kept is not what the caller writes to, and what cannot be read is tried again", async () => {
  const set = countedSet();
  const kept = keepDecoded(set, 4);
  const [out] = kept.allocate();
  await kept.read(0, [out]);
  out.fill(9);
  await kept.read(0, [out]);
  assert.deepEqual([...out], [0, 1]);
  for (const reads of [2, 3]) {
    await assert.rejects(kept.read(3, [out]), /broken/);
    assert.equal(set.reads, reads);
  }
});
