import assert from "node:assert/strict";
import { hasState, loadState, type RunState, saveState } from "../../src/tuning/state_folder.ts";
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
    await Deno.writeTextFile(`${folder}/state.bin`, '{"version":5}\n');
    await refused(/found version 5, wanted 4; remove it/);
    await saveState({ folder, identity: { ...IDENTITY, seed: 4 } }, stateOf(1));
    await refused(
      /resuming from .*state: found a run with seed 4, wanted 3; give what it was begun/,
    );
  }),
);
