import assert from "node:assert/strict";
import { ScratchFile } from "../../src/base/scratch_file.ts";
import { createRandom } from "../../src/base/random.ts";

/** Bytes that say which piece they are. */
function piece(number: number, length: number): Uint8Array {
  return new Uint8Array(length).map((_, at) => number + 31 * at);
}

Deno.test("a scratch file keeps pieces that come and go apart, and uses their room again", () => {
  const random = createRandom(0);
  const file = ScratchFile.open()!;
  const pieces = new Map<number, { start: number; bytes: Uint8Array }>();
  let largest = 0;
  try {
    for (let turn = 0; turn < 500; turn++) {
      if (pieces.size > 8) {
        const [oldest] = pieces;
        file.free(oldest[1].start, oldest[1].bytes.length);
        pieces.delete(oldest[0]);
      }
      const bytes = piece(turn, 1 + Math.floor(100 * random()));
      pieces.set(turn, { start: file.write(bytes), bytes });
      for (const { start, bytes } of pieces.values()) {
        const read = new Uint8Array(bytes.length);
        file.readInto(start, read);
        assert.deepEqual(read, bytes);
      }
      largest = Math.max(largest, [...pieces.values()].reduce((sum, p) => sum + p.bytes.length, 0));
    }
    assert.ok(file.length < 3 * largest, `${file.length} bytes for ${largest}`);
  } finally {
    file.close();
  }
});

Deno.test("what is given back joins what was given back beside it", () => {
  const file = ScratchFile.open()!;
  try {
    const starts = [0, 1, 2].map((number) => file.write(piece(number, 10)));
    for (const at of [2, 0, 1]) file.free(starts[at], 10);
    assert.equal(file.write(piece(3, 30)), 0);
    assert.equal(file.length, 30);
  } finally {
    file.close();
  }
});

Deno.test("a scratch file says where it ends", () => {
  const file = ScratchFile.open()!;
  try {
    file.write(piece(1, 4));
    assert.throws(() => file.readInto(2, new Uint8Array(4)), /found 2 bytes at 2, wanted 4/);
  } finally {
    file.close();
  }
});
