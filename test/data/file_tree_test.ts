import assert from "node:assert/strict";
import { readerOfMany } from "../../src/data/file_tree.ts";

/** A disk on which some files take long; what it answers tells how it was asked. */
function slowDisk(isSlow: (path: string) => boolean) {
  let inFlight = 0, mostInFlight = 0;
  const read = readerOfMany(
    (path) => {
      for (const start = performance.now(); isSlow(path) && performance.now() - start < 5;);
      return "at once";
    },
    async () => {
      mostInFlight = Math.max(mostInFlight, ++inFlight);
      await Promise.resolve();
      inFlight--;
      return "later";
    },
  );
  return { read, mostInFlight: () => mostInFlight };
}

Deno.test("readerOfMany reads one file after the other where that is quick", async () => {
  const { read } = slowDisk(() => false);
  const answers = await Promise.all(Array.from({ length: 200 }, (_, file) => read(`${file}`)));
  const late = answers.filter((answer) => answer === "later").length;
  assert.ok(late <= 64, `${late} of 200 waited: at most one pause of this machine is forgiven`);
});

Deno.test("readerOfMany reads files side by side once one took long, and tries again", async () => {
  const { read, mostInFlight } = slowDisk(() => true);
  const answers = await Promise.all(Array.from({ length: 130 }, (_, file) => read(`${file}`)));
  const atOnce = answers.flatMap((answer, file) => answer === "at once" ? [file] : []);
  assert.deepEqual(atOnce, [0, 65]);
  assert.equal(mostInFlight(), 128);
});

Deno.test("readerOfMany gives an error to whom it belongs", async () => {
  const read = readerOfMany(() => {
    throw new Error("broken");
  }, () => Promise.resolve("later"));
  await assert.rejects(read("x"), /broken/);
});
