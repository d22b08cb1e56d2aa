import assert from "node:assert/strict";
import {
  isComplete,
  mergeStatistics,
  missingShards,
  type Statistics,
} from "../../../src/execution/calibration/statistics.ts";
import {
  loadStatistics,
  mergeStatisticsFiles,
  mergeStatisticsInto,
  saveStatistics,
} from "../../../src/execution/calibration/statistics_file.ts";
import { writeSafetensors } from "../../../src/execution/calibration/safetensors.ts";
import { InputError } from "../../../src/base/errors.ts";
import type { Moments } from "../../../src/kernels/moments.ts";
import { refuseExistingFile } from "../../../src/base/whole_file.ts";
import { inTempFolder } from "../../data/fixtures.ts";
import { randomArray } from "../../reference/samples.ts";

const IDENTITY = {
  version: "1",
  model: "m",
  data: "d",
  preprocessing: "p",
  images: 100,
  pointsPerImage: 10,
  seed: 0,
};

function momentsOf(d: number, n: number, seed: number): Moments {
  return { ...sumsOf(d, n, seed), half: { ...sumsOf(d, n, seed + 100), count: 4 * seed } };
}

function sumsOf(d: number, n: number, seed: number): Moments {
  const values = (length: number) => Float64Array.from(randomArray(length, seed + length));
  const [gram, cross, sumX, sumY, sumYY] = [d * d, d * n, d, n, n].map(values);
  for (let row = 0; row < d; row++) {
    for (let column = 0; column < row; column++) gram[row * d + column] = gram[column * d + row];
  }
  return { d, n, count: 10 * seed, gram, cross, sumX, sumY, sumYY };
}

function shard(number: number, of = 3): Statistics {
  const layers = new Map([
    ["conv1", momentsOf(9, 4, number)],
    ["block/dense", momentsOf(5, 2, number)],
  ]);
  return { identity: IDENTITY, shards: { of, have: [number] }, layers };
}

Deno.test("statistics are read as they were written", () =>
  inTempFolder(async (folder) => {
    const path = `${folder}/statistics.safetensors`;
    await saveStatistics(path, shard(2));
    assert.deepEqual(await loadStatistics(path, { identity: IDENTITY }), shard(2));
    const part = await loadStatistics(path, { layers: ["conv1"] });
    assert.deepEqual(part.layers, new Map([["conv1", momentsOf(9, 4, 2)]]));
    await assert.rejects(loadStatistics(path, { layers: ["conv9"] }), /layer "conv9"/);
    assert.deepEqual([...Deno.readDirSync(folder)].length, 1);
    const [length] = new BigUint64Array((await Deno.readFile(path)).slice(0, 8).buffer);
    assert.equal(Number(length) % 8, 0, "arrays are aligned");
  }));

Deno.test("shards add up to the same bits in any order", () => {
  const all = mergeStatistics([shard(3), shard(1), shard(2)]);
  assert.ok(isComplete(all));
  assert.deepEqual(all.shards, { of: 3, have: [1, 2, 3] });
  assert.deepEqual(mergeStatistics([mergeStatistics([shard(1), shard(2)]), shard(3)]), all);
  assert.equal(all.layers.get("conv1")!.half!.count, 24);
  const { gram, count } = all.layers.get("conv1")!;
  const parts = [1, 2, 3].map((number) => shard(number).layers.get("conv1")!);
  assert.equal(count, 60);
  gram.forEach((value, index) => {
    assert.equal(value, parts[0].gram[index] + parts[1].gram[index] + parts[2].gram[index]);
  });
  const incomplete = mergeStatistics([shard(1), shard(3)]);
  assert.ok(!isComplete(incomplete));
  assert.deepEqual(missingShards(incomplete), [2]);
});

Deno.test("shards that are there twice, or of something else, are refused with the difference", () => {
  assert.throws(() => mergeStatistics([shard(1), shard(1)]), /shard 1 of 3 twice/);
  assert.throws(() => mergeStatistics([shard(1), shard(2, 5)]), /shards 5, wanted 3/);
  const other = { ...shard(2), identity: { ...IDENTITY, model: "n", seed: 1 } };
  assert.throws(() => mergeStatistics([shard(1), other]), /model n, wanted m; seed 1, wanted 0/);
  const fewer = { ...shard(2), layers: new Map([...shard(2).layers].slice(1)) };
  assert.throws(() => mergeStatistics([shard(1), fewer]), /layers block\/dense in shard 2/);
});

Deno.test("files of shards add up as the shards do, and are named when they do not", () =>
  inTempFolder(async (folder) => {
    const paths = [3, 1, 2].map((number) => `${folder}/${number}`);
    for (const path of paths) await saveStatistics(path, shard(Number(path.at(-1))));
    const sum = await mergeStatisticsFiles(paths);
    assert.deepEqual(sum, mergeStatistics([shard(1), shard(2), shard(3)]));
    const { layers: _, ...head } = sum;
    assert.deepEqual(await mergeStatisticsInto(`${folder}/sum`, paths), head);
    assert.deepEqual(await loadStatistics(`${folder}/sum`), sum);
    const refused = async (path: string, message: RegExp) =>
      await assert.rejects(mergeStatisticsFiles([...paths, path]), (error: Error) => {
        assert.ok(error instanceof InputError);
        assert.match(error.message, message);
        assert.ok(error.message.startsWith(`merging ${path}`), error.message);
        return true;
      });
    await saveStatistics(`${folder}/again`, shard(2));
    await refused(`${folder}/again`, /found shard 2 of 3, which .*\/2 has too; leave one/);
    await saveStatistics(`${folder}/other`, { ...shard(2), identity: { ...IDENTITY, data: "e" } });
    await refused(`${folder}/other`, /belong to data e, wanted d; give others/);
    await saveStatistics(`${folder}/fifths`, shard(2, 5));
    await refused(`${folder}/fifths`, /belong to shards 5, wanted 3/);
    const fewer = { ...shard(2), layers: new Map([...shard(2).layers].slice(1)) };
    await saveStatistics(`${folder}/fewer`, fewer);
    await refused(
      `${folder}/fewer`,
      /found the layers block\/dense, wanted block\/dense, conv1; make/,
    );
  }));

Deno.test("an interrupt while statistics are written leaves what was there, and nothing else", () =>
  inTempFolder(async (folder) => {
    const path = `${folder}/s`;
    for (const last of [1, 5, 12]) {
      await saveStatistics(path, shard(1));
      let checks = 0;
      const throwIfAborted = () => {
        if (++checks >= last) throw new Error("interrupted");
      };
      const signal = Object.assign(new AbortController().signal, { throwIfAborted });
      await assert.rejects(saveStatistics(path, shard(2), signal), /^Error: interrupted$/);
      assert.deepEqual([...Deno.readDirSync(folder)].map(({ name }) => name), ["s"]);
      assert.deepEqual(await loadStatistics(path), shard(1));
    }
  }));

Deno.test("a file that cannot be written is refused before any work", () =>
  inTempFolder(async (folder) => {
    const path = `${folder}/s`;
    await refuseExistingFile(path);
    await Deno.writeTextFile(path, "old");
    await refuseExistingFile(path, true);
    await assert.rejects(refuseExistingFile(path), /found it there already, wanted a new file/);
    await assert.rejects(refuseExistingFile(folder, true), /found a folder/);
    await assert.rejects(refuseExistingFile(`${folder}/none/s`), InputError);
    await assert.rejects(refuseExistingFile(`${path}/s`), InputError);
    assert.deepEqual([...Deno.readDirSync(folder)].map(({ name }) => name), ["s"]);
  }));

Deno.test("statistics of another model, data set or version are refused with the difference", () =>
  inTempFolder(async (folder) => {
    const path = `${folder}/s`;
    await saveStatistics(path, shard(1));
    for (const name of ["version", "model", "data", "preprocessing"] as const) {
      await assert.rejects(
        loadStatistics(path, { identity: { ...IDENTITY, [name]: "other" } }),
        new RegExp(`belong to ${name} ${IDENTITY[name]}, wanted other`),
      );
    }
  }));

Deno.test("a file that is none, was cut off or lies about its sizes is refused", () =>
  inTempFolder(async (folder) => {
    const path = `${folder}/s`;
    const attempts: [Uint8Array, RegExp][] = [];
    await saveStatistics(path, shard(1));
    const whole = await Deno.readFile(path);
    attempts.push([whole.slice(0, whole.length - 8), /damaged or was cut off/]);
    attempts.push([Uint8Array.of(...whole, 0), /gaps, overlaps or bytes behind/]);
    attempts.push([whole.slice(0, 40), /no safetensors header/]);
    attempts.push([new Uint8Array(3), /no safetensors header/]);
    attempts.push([new Uint8Array(64).fill(255), /no safetensors header/]);
    const huge = new TextEncoder().encode(
      JSON.stringify({ x: { dtype: "F64", shape: [1e9, 1e9], data_offsets: [0, 8e18] } }),
    );
    const lying = new Uint8Array(8 + huge.length);
    new DataView(lying.buffer).setBigUint64(0, BigInt(huge.length), true);
    lying.set(huge, 8);
    attempts.push([lying, /tensor "x" is F64/]);
    for (const [bytes, message] of attempts) {
      await Deno.writeFile(path, bytes);
      await assert.rejects(
        loadStatistics(path),
        (error: Error) => error instanceof InputError && message.test(error.message),
      );
    }
    await writeSafetensors(path, {}, [], []);
    await assert.rejects(loadStatistics(path), /no statistics/);
    await assert.rejects(loadStatistics(`${folder}/none`), InputError);
    await assert.rejects(loadStatistics(folder), InputError);
  }));

Deno.test("a header with any byte changed is read or refused, never a defect", () =>
  inTempFolder(async (folder) => {
    const path = `${folder}/s`;
    const layers = new Map([["dense", momentsOf(2, 1, 1)]]);
    await saveStatistics(path, { ...shard(1), layers });
    const whole = await Deno.readFile(path);
    const [length] = new BigUint64Array(whole.slice(0, 8).buffer);
    for (let place = 0; place < 8 + Number(length); place++) {
      const damaged = whole.slice();
      damaged[place] ^= 1 << place % 7;
      await Deno.writeFile(path, damaged);
      await loadStatistics(path).catch((error) => assert.ok(error instanceof InputError, error));
    }
  }));
