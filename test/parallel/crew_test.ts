import assert from "node:assert/strict";
import { InputError } from "../../src/errors.ts";
import { Crew, shardIndices, type StationSpec } from "../../src/parallel/mod.ts";
import { recordError, reviveError } from "../../src/parallel/messages.ts";
import { encodeIdxImages, encodeIdxLabels, inTempFolder, writeFile } from "../data/fixtures.ts";

const PREPROCESSING = {
  inputSize: [8, 8] as [number, number],
  channels: 1,
  scale: 1,
  mean: [0],
  std: [1],
  channelOrder: "rgb" as const,
};

function specOf(data: string, outputs: number): StationSpec {
  return { data, preprocessing: PREPROCESSING, outputs, badImageShare: 0 };
}

const withImages = (run: (folder: string) => Promise<void>) => () =>
  inTempFolder(async (folder) => {
    const labels = [0, 1, 2, 0, 1, 2];
    for (const part of ["train", "t10k"]) {
      await writeFile(`${folder}/${part}-images-idx3-ubyte`, encodeIdxImages(6, 8, 8));
      await writeFile(`${folder}/${part}-labels-idx1-ubyte`, encodeIdxLabels(labels));
    }
    await run(folder);
  });

Deno.test("shards are equal runs that give the whole again", () => {
  const indices = Int32Array.from({ length: 11 }, (_, index) => 3 * index);
  for (const workers of [1, 2, 3, 7, 20]) {
    const shards = shardIndices(indices, workers);
    assert.equal(shards.length, workers);
    assert.deepEqual(shards.flatMap((shard) => [...shard]), [...indices]);
    const lengths = shards.map(({ length }) => length);
    assert.ok(Math.max(...lengths) - Math.min(...lengths) <= 1);
  }
});

Deno.test("an error keeps its class, message and place between threads", () => {
  const error = new InputError("reading x: found y");
  const revived = reviveError(structuredClone(recordError(error)));
  assert.ok(revived instanceof InputError);
  assert.equal(revived.message, error.message);
  assert.equal(revived.stack, error.stack);
  assert.equal(reviveError(recordError("plain")).message, "plain");
});

Deno.test(
  "a data set that does not fit the network ends the opening of a crew",
  withImages(async (folder) => {
    await assert.rejects(Crew.open(specOf(folder, 7), 2), InputError);
  }),
);

Deno.test(
  "an error in a worker rejects the request with its class",
  withImages(async (folder) => {
    const crew = await Crew.open(specOf(folder, 3), 2);
    try {
      const broken = { topology: {}, weights: new Map(), bytes: 0, path: "broken" } as never;
      const images = { split: "test", indices: Int32Array.of(0, 1), batchSize: 1 } as const;
      await assert.rejects(crew.evaluate(broken, images), InputError);
    } finally {
      await crew.close();
    }
  }),
);
