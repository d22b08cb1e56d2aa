import assert from "node:assert/strict";
import { join } from "node:path";
import { writeWholeFile } from "../../src/base/whole_file.ts";
import { openBlobs } from "../../src/distributed/blobs/open_blobs.ts";
import { saveStatistics } from "../../src/execution/calibration/statistics_file.ts";
import { loadModelFile } from "../../src/formats/tfjs/load.ts";
import { saveModel } from "../../src/formats/save_model.ts";
import { startBackend } from "../../src/kernels/backend.ts";
import type { ModelFile } from "../../src/model/model_file.ts";
import { SearchJournal } from "../../src/pruning/ratios/search_journal.ts";
import { saveState } from "../../src/tuning/state_folder.ts";
import { inTempFolder } from "../data/fixtures.ts";
import { breakDisk, type Fault } from "../support/faulty_disk.ts";
import { buildNetworkFile } from "../support/networks.ts";

await startBackend();

const [OLDER, NEWER] = await Promise.all([1, 2].map((seed) => buildNetworkFile("plain", seed)));
const IDENTITY = {
  version: "1",
  model: "a",
  data: "d",
  preprocessing: "p",
  images: 9,
  workers: 1,
  seed: 1,
};

/** What is written; the first time to where nothing is, the second time in its place. */
interface Writing {
  readonly name: string;
  /** Whether it replaces what is there; otherwise it adds. */
  readonly adds?: boolean;
  write(place: string, turn: "older" | "newer"): Promise<unknown>;
}

const model = (turn: "older" | "newer"): ModelFile => turn === "older" ? OLDER : NEWER;

function statistics(turn: "older" | "newer") {
  const values = new Float64Array([turn === "older" ? 1 : 2]);
  const moments = { d: 1, n: 1, count: 1, gram: values, cross: values, sumX: values };
  return {
    identity: {
      ...{ version: "1", model: "m", data: "d", preprocessing: "{}" },
      ...{ images: 1, pointsPerImage: 1, seed: 0 },
    },
    shards: { of: 1, have: [1] },
    layers: new Map([["conv", { ...moments, sumY: values, sumYY: values }]]),
  };
}

const WRITINGS: readonly Writing[] = [
  { name: "a file", write: (place, turn) => writeWholeFile(place, turn) },
  {
    name: "a model of TensorFlow.js",
    write: (place, turn) => saveModel(join(place), model(turn), { force: true }),
  },
  {
    name: "a model of Keras",
    write: (place, turn) => saveModel(`${place}.keras`, model(turn), { force: true }),
  },
  {
    name: "a model of ONNX",
    write: (place, turn) => saveModel(`${place}.onnx`, model(turn), { force: true }),
  },
  { name: "statistics", write: (place, turn) => saveStatistics(place, statistics(turn)) },
  {
    name: "a checkpoint",
    write: (place, turn) =>
      saveState({ folder: place, identity: IDENTITY }, {
        progress: { turn },
        arrays: [new Float32Array(9)],
      }),
  },
  {
    name: "a journal",
    write: (place, turn) => SearchJournal.start(join(place, "search.jsonl"), { ...IDENTITY, turn }),
  },
  {
    name: "blobs",
    adds: true,
    write: async (place, turn) =>
      await (await openBlobs(place)).put(new TextEncoder().encode(`a blob: ${turn}`)),
  },
];

/** All below a folder, by path, with the contents of files. */
async function read(folder: string): Promise<Record<string, string>> {
  const found: Record<string, string> = {};
  for await (const { name, isDirectory } of Deno.readDir(folder)) {
    const path = join(folder, name);
    if (isDirectory) {
      found[name] = "a folder";
      for (const [below, content] of Object.entries(await read(path))) {
        found[`${name}/${below}`] = content;
      }
    } else found[name] = (await Deno.readFile(path)).toHex();
  }
  return found;
}

/** Whether a model of TensorFlow.js is the newer one as a whole. */
async function isNewer(folder: string): Promise<void> {
  const { weights } = await loadModelFile(folder);
  for (const [name, { values }] of NEWER.weights) {
    assert.deepEqual(weights.get(name)!.values, values);
  }
}

const FAULTS: readonly Fault[] = ["ENOSPC", "EIO", "EROFS"];

/** Breaks one step after the other until the writing succeeds without one being broken. */
async function breakAll(
  folder: string,
  { write }: Writing,
  prepare: (place: string) => Promise<unknown>,
  code: Fault,
  lasts: boolean,
): Promise<number> {
  const scene = async (name: string) => {
    const own = join(folder, name);
    await Deno.mkdir(own);
    await prepare(join(own, "place"));
    return own;
  };
  const intact = await scene("intact");
  const before = await read(intact);
  await write(join(intact, "place"), "newer");
  const after = await read(intact);
  for (let at = 1;; at++) {
    const own = await scene(`${at}`);
    let failure: Error | undefined;
    let steps: number;
    {
      using broken = breakDisk(at, code, lasts);
      await write(join(own, "place"), "newer").catch((error) => failure = error);
      steps = broken.steps;
    }
    const found = await read(own);
    if (failure === undefined) {
      if (!lasts) assert.deepEqual(found, after, `step ${at} of ${steps} did no harm`);
      if (steps < at) return at - 1;
      continue;
    }
    assert.equal(failure.name, "InputError", `step ${at}: ${failure.stack}`);
    if (failure.message.includes("the new model is in place")) {
      await isNewer(join(own, "place"));
      continue;
    }
    assert.match(failure.message, new RegExp(`^writing .*${code}.*; `), `step ${at}`);
    if (lasts) {
      for (const [path, content] of Object.entries(before)) {
        assert.equal(found[path], content, `step ${at} and all behind it left ${path} alone`);
      }
    } else {
      const had = Object.entries(found).filter(([path, content]) => before[path] !== content);
      const isWhole = had.every(([path, content]) => content === "a folder" && path === "place");
      assert.ok(isWhole, `step ${at} left ${had.map(([path]) => path)}`);
      for (const path of Object.keys(before)) assert.ok(path in found, `step ${at} took ${path}`);
    }
  }
}

for (const writing of WRITINGS) {
  for (const code of FAULTS) {
    Deno.test(`a disk that says ${code} at any step of writing ${writing.name} leaves what was there`, () =>
      inTempFolder(async (folder) => {
        for (const turn of ["nothing", "older"] as const) {
          for (const lasts of [false, true]) {
            const own = join(folder, `${turn}-${lasts}`);
            await Deno.mkdir(own);
            const prepare = async (place: string) =>
              turn === "older" ? await writing.write(place, "older") : undefined;
            const steps = await breakAll(own, writing, prepare, code, lasts);
            assert.ok(steps >= 3, `${steps} steps were broken`);
          }
        }
      }));
  }
}
