import assert from "node:assert/strict";
import { join } from "node:path";
import { writeWholeFile } from "../../src/base/whole_file.ts";
import { SweepResults } from "../../cli/sweep/sweep_results.ts";
import { writeTextFile } from "../../cli/text_files.ts";
import { LatencyTable } from "../../src/cost/latency_table.ts";
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
  write(place: string, turn: "older" | "newer"): Promise<unknown>;
  /** Whether what is there after a failure can be read; where it is not given, it has to be what was there. */
  isWhole?(place: string): Promise<unknown>;
}

const model = (turn: "older" | "newer"): ModelFile => turn === "older" ? OLDER : NEWER;

const withReport = (turn: "older" | "newer") => ({
  force: true,
  extraFiles: new Map([["report.html", turn]]),
});

/** A table of one layer, which takes another time in every turn. */
async function measureLayer(path: string, turn: "older" | "newer"): Promise<void> {
  const ratios = [turn === "older" ? 2 : 3];
  const timer = () => Promise.resolve({ reference: 1, ratios });
  const shape = { className: "ReLU", config: { turn }, inputShapes: [[8, 8, 3]], batchSize: 1 };
  await (await LatencyTable.open({ path, timer })).measure([shape]);
}

/** A journal of a search, with entries. */
async function search(path: string, turn: "older" | "newer"): Promise<void> {
  const isThere = await Deno.stat(path).then(() => true, () => false);
  const journal = isThere
    ? await SearchJournal.open(path, IDENTITY)
    : await SearchJournal.start(path, IDENTITY);
  await journal.append({ kind: "trial", turn });
}

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
    name: "a model of TensorFlow.js with its report",
    write: (place, turn) => saveModel(place, model(turn), withReport(turn)),
  },
  {
    name: "a model of Keras with its report",
    write: (place, turn) => saveModel(`${place}.keras`, model(turn), withReport(turn)),
  },
  {
    name: "a model of ONNX with its report",
    write: (place, turn) => saveModel(`${place}.onnx`, model(turn), withReport(turn)),
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
    name: "an entry of a journal",
    write: (place, turn) => search(join(place, "search.jsonl"), turn),
    isWhole: async (place) => {
      const path = join(place, "search.jsonl");
      const isThere = await Deno.stat(path).then(() => true, () => false);
      const entries = isThere ? (await SearchJournal.open(path, IDENTITY)).entries : [];
      const turns = entries.map(({ turn }) => turn).join();
      assert.ok(["", "older", "newer", "older,newer"].includes(turns), turns);
    },
  },
  { name: "a latency table", write: measureLayer },
  {
    name: "results of a sweep",
    write: async (place, turn) => {
      const results = await SweepResults.open(place, ["older", "newer"]);
      const run = { name: turn, model: "m", options: "o", budget: 0.5, key: turn };
      await results.put({ ...run, status: "begun" });
    },
  },
  { name: "a text", write: (place, turn) => writeTextFile("--junit", place, turn) },
  {
    name: "blobs",
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
  { write, isWhole }: Writing,
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
    assert.match(failure.message, new RegExp(`^writing .*${code}.*; `), `step ${at}`);
    if (failure.message.includes("the new model is in place, but not all its files")) {
      await isNewer(join(own, "place"));
    } else if (isWhole) await isWhole(join(own, "place"));
    else if (failure.message.includes("in place")) {
      for (const [path, content] of Object.entries(after)) {
        const isOne = [before[path], content].includes(found[path]);
        assert.ok(isOne, `step ${at} left ${path} as it never was`);
      }
      const isIn = Object.entries(after).some(([path, content]) =>
        found[path] === content && before[path] !== content
      );
      assert.ok(isIn, `step ${at}: something new is in place`);
    } else if (lasts) {
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
