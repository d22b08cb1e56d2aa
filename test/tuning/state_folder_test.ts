import assert from "node:assert/strict";
import { hasState, loadState, type RunState, saveState } from "../../src/tuning/state_folder.ts";
import type { LayerGraph } from "../../src/graph/layer_graph.ts";
import { loadRepair } from "../../src/pruning/repair/repair_state.ts";
import { checkpointHooks } from "../../src/tuning/checkpoint.ts";
import { inTempFolder } from "../data/fixtures.ts";
import { breakFiles } from "../support/broken_files.ts";

const IDENTITY = {
  version: "1.0.0",
  model: "größe",
  data: "d",
  preprocessing: "p",
  images: 9,
  workers: 1,
  seed: 3,
};

const placeIn = (folder: string) => ({ folder, identity: IDENTITY });

const stateOf = (step: number): RunState => ({
  progress: { step, note: "ä\n" },
  arrays: [Float32Array.of(step, 0.1, -0), new Float32Array(0), Float32Array.of(NaN, step)],
});

const withFolder = (run: (folder: string) => Promise<void>) => () =>
  inTempFolder((folder) => run(`${folder}/new/state`));

Deno.test(
  "a state is read as it was written, from memory that threads share too",
  withFolder(async (folder) => {
    assert.ok(!await hasState(folder));
    await saveState(placeIn(folder), stateOf(1));
    assert.ok(await hasState(folder));
    assert.deepEqual(await loadState(placeIn(folder)), stateOf(1));
    const shared = new Float32Array(new SharedArrayBuffer(12), 4, 2);
    shared.set([1, 2]);
    await saveState(placeIn(folder), { progress: {}, arrays: [shared] });
    const { arrays } = await loadState(placeIn(folder));
    assert.deepEqual(arrays, [Float32Array.of(1, 2)]);
  }),
);

for (const how of ["fail", "stop"] as const) {
  const what = how === "fail" ? "fails" : "ends with its process";
  Deno.test(
    `a state whose replacement ${what} at any step is the older one or the newer one`,
    withFolder(async (folder) => {
      const seen = new Set<unknown>();
      let isReached = true;
      for (let step = 1; isReached; step++) {
        await saveState(placeIn(folder), stateOf(1));
        using broken = breakFiles(step, how);
        const save = saveState(placeIn(folder), stateOf(2)).catch(() => {});
        await Promise.race(how === "stop" ? [save, broken.reached] : [save]);
        isReached = broken.isReached;
        const { progress, arrays } = await loadState(placeIn(folder));
        assert.deepEqual({ progress, arrays }, stateOf(progress.step as number));
        seen.add(progress.step);
      }
      assert.deepEqual([...seen], [1, 2]);
    }),
  );
}

Deno.test(
  "several runs that keep a state in one folder at a time leave one of their states as a whole",
  withFolder(async (folder) => {
    const steps = [1, 2, 3, 4];
    await Promise.all(steps.map((step) => saveState(placeIn(folder), stateOf(step))));
    const { progress, arrays } = await loadState(placeIn(folder));
    assert.deepEqual({ progress, arrays }, stateOf(progress.step as number));
    assert.deepEqual([...Deno.readDirSync(folder)].map(({ name }) => name), ["state.bin"]);
  }),
);

Deno.test(
  "the state of another version or run is refused with what to do",
  withFolder(async (folder) => {
    await Deno.mkdir(folder, { recursive: true });
    await Deno.writeTextFile(`${folder}/state.json`, '{"version":3}');
    await Deno.writeFile(`${folder}/arrays.bin`, new Uint8Array(4));
    const refused = (message: RegExp) =>
      assert.rejects(loadState(placeIn(folder)), { name: "InputError", message });
    await refused(
      /reading the checkpoint .*state: found version 3 or older, wanted 5; remove it and start anew/,
    );
    await Deno.writeTextFile(`${folder}/state.bin`, '{"version":6}\n');
    await refused(/found version 6, wanted 5; remove it/);
    await saveState({ folder, identity: { ...IDENTITY, seed: 4 } }, stateOf(1));
    await refused(
      /resuming from .*state: found a run with seed 4, wanted 3; give what it was begun/,
    );
  }),
);

Deno.test(
  "a damaged state is refused by its name, with what to do",
  withFolder(async (folder) => {
    await saveState(placeIn(folder), stateOf(1));
    const file = `${folder}/state.bin`;
    const bytes = await Deno.readFile(file);
    const end = bytes.indexOf(10);
    const head = JSON.parse(new TextDecoder().decode(bytes.subarray(0, end)));
    const withHead = (
      change: object,
    ) => [new TextEncoder().encode(JSON.stringify({ ...head, ...change })), bytes.subarray(end)];
    const text = (line: string) => [new TextEncoder().encode(`${line}\n`)];
    for (
      const parts of [
        [bytes.subarray(0, 0)],
        [bytes.subarray(0, end - 3)],
        [bytes.subarray(0, bytes.length - 1)],
        ...["state", "null", "[]", '"constructor"', "[".repeat(10_000) + "]".repeat(10_000)]
          .map(text),
        ...[{ toString: 1 }, null, "4", "constructor"].map((version) => withHead({ version })),
        ...[null, [], 7, "constructor"].flatMap((value) => [
          withHead({ progress: value }),
          withHead({ lengths: value }).slice(0, value instanceof Array ? 2 : 1),
        ]),
        ...[[-1], [null], [0.5], ["3"]].map((lengths) => withHead({ lengths })),
      ]
    ) {
      await Deno.writeFile(file, new Uint8Array(await new Blob(parts).arrayBuffer()));
      await assert.rejects(loadState(placeIn(folder)), (error: Error) => {
        assert.equal(error.name, "InputError", String(error.stack));
        assert.ok(error.message.includes(folder), error.message);
        assert.match(error.message, /: found .*; .*start anew/);
        return true;
      });
    }
  }),
);

Deno.test(
  "a state without the progress of what goes on from it is refused",
  withFolder(async (folder) => {
    const place = { ...placeIn(folder), resume: true };
    const graph = { nodes: [] } as unknown as LayerGraph;
    const training = { step: 1, history: [], running: { loss: 1, images: 2 } };
    const repair = {
      repaired: 0,
      groups: [],
      weights: [{ key: "a", role: "kernel", shape: [2] }],
      removed: [],
      selections: [],
      reports: [],
    };
    const arrays = [new Float32Array(2), new Float32Array(3)];
    const save = (progress: object, own = arrays) =>
      saveState(place, { progress: { ...progress }, arrays: own });
    const damaged = (found: RegExp, loaded: Promise<unknown>) =>
      assert.rejects(loaded, (error: Error) => {
        assert.equal(error.name, "InputError", String(error.stack));
        assert.ok(error.message.includes(folder));
        assert.match(error.message, found);
        return true;
      });
    await save(training);
    assert.equal((await checkpointHooks(place)).resumeFrom?.step, 1);
    for (
      const change of [
        ...[null, "1", 0.5].map((step) => ({ step })),
        ...[null, {}, [null], ["constructor"]].map((history) => ({ history })),
        ...[null, [], {}, { loss: null, images: 1 }].map((running) => ({ running })),
      ]
    ) {
      await save({ ...training, ...change });
      await damaged(/found no progress of a training; the file is damaged/, checkpointHooks(place));
    }
    await save(training, arrays.slice(1));
    await damaged(/no progress of a training/, checkpointHooks(place));
    await save(repair, arrays.slice(0, 1));
    assert.equal((await loadRepair(place, graph)).repaired, 0);
    for (
      const change of [
        { repaired: null },
        ...[null, {}, [null]].map((groups) => ({ groups })),
        ...[null, [], [null], [{ shape: [3] }], [{ shape: null }]].map((weights) => ({ weights })),
        ...[null, ["1"]].map((removed) => ({ removed })),
        ...[null, [null], [["a", null]]].map((selections) => ({ selections })),
        ...[null, [null], [["a", null]]].map((reports) => ({ reports })),
      ]
    ) {
      await save({ ...repair, ...change }, arrays.slice(0, 1));
      await damaged(/found no progress of a repair; the file is damaged/, loadRepair(place, graph));
    }
  }),
);
