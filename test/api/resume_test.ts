import assert from "node:assert/strict";
import { rename } from "node:fs/promises";
import { finetune, type FinetuneOptions, train } from "../../src/api/tune.ts";
import { prune, type PruneOptions } from "../../src/api/prune.ts";
import { InputError } from "../../src/base/errors.ts";
import { saveModelFile } from "../../src/formats/tfjs/save.ts";
import { startBackend } from "../../src/kernels/backend.ts";
import type { ModelFile } from "../../src/model/model_file.ts";
import { fingerprint } from "../../src/session/fingerprint.ts";
import { encodePng, randomBytes } from "../data/fixtures.ts";
import { noisyNetwork, withNoise } from "../support/noise.ts";

await startBackend();

/** Where a run has its model, its teacher, its images and its state. */
interface Places {
  readonly model: string;
  readonly teacher: string;
  readonly data: string;
  readonly checkpoint: string;
}

/** What a run is told beside its places. */
interface Control {
  readonly resume?: boolean;
  readonly signal?: AbortSignal;
  /** Told of everything that a run does step by step. */
  readonly onStep?: () => void;
}

type Run = (places: Places, control: Control) => Promise<{ file: ModelFile }>;

const TUNING = {
  epochs: 2,
  batchSize: 20,
  learningRate: 0.05,
  validationImages: 20,
  shift: 0,
  flip: false,
} as const;

const PRUNING = { batches: 4, batchSize: 25, seed: 2, workers: 1 } satisfies Partial<PruneOptions>;

const GROUPS = { size: 2, epochShare: 0.5, learningRate: 1e-3, retrain: false };

/** Tells a run's steps of training. */
const toldSteps = ({ onStep }: Control): FinetuneOptions["onProgress"] => ({ stage, done }) => {
  if (stage === "training" && done > 0) onStep?.();
};

const pruneTuned = (tuning: PruneOptions["tuning"]): Run => ({ teacher, ...places }, control) =>
  prune({
    ...PRUNING,
    ...places,
    ...control,
    policy: { kind: "uniform", ratio: 0.5 },
    tuning: { ...TUNING, ...tuning, teacher },
    onProgress: toldSteps(control),
  });

/** Everything that keeps a state, and whether it has a teacher. */
const RUNS: Record<string, { run: Run; hasTeacher: boolean }> = {
  "a search that starts from nothing": {
    hasTeacher: false,
    run: ({ teacher: _, ...places }, { onStep, ...control }) =>
      prune({
        ...PRUNING,
        ...places,
        ...control,
        policy: {
          kind: "auto",
          share: 0.6,
          start: "none",
          search: { rollouts: 8, rolloutsMin: 4 },
          images: 40,
          finalists: 2,
          onRollout: onStep,
        },
      }),
  },
  "a pruned network's tuning": { hasTeacher: true, run: pruneTuned({}) },
  "tuning between groups": { hasTeacher: true, run: pruneTuned({ groups: GROUPS }) },
  "finetuning": {
    hasTeacher: true,
    run: async (places, control) => {
      const options = { ...TUNING, ...places, ...control, seed: 1, workers: 1 };
      const { file, report } = await finetune({ ...options, onProgress: toldSteps(control) });
      if (report.interrupted) throw control.signal!.reason;
      return { file };
    },
  },
};

const weightsOf = ({ file }: { file: ModelFile }) =>
  [...file.weights.values()].flatMap(({ values }) => [...values]);

/** Starts a run, and interrupts it at its sixth step. */
async function interrupt(run: Run, places: Places): Promise<void> {
  const controller = new AbortController();
  let steps = 0;
  const onStep = () => {
    if (++steps === 6) controller.abort(new Error("enough"));
  };
  await assert.rejects(run(places, { signal: controller.signal, onStep }), /^Error: enough$/);
}

async function refused(resume: () => Promise<unknown>, message: string): Promise<void> {
  await assert.rejects(resume(), (error) => {
    assert.ok(error instanceof InputError);
    assert.ok(error.message.includes(`${message}; give what it was begun with, or start anew`));
    return true;
  });
}

/** Other content in the place of a file while something is done. */
async function withChanged(path: string, content: Uint8Array, work: () => Promise<void>) {
  const kept = await Deno.readFile(path);
  await Deno.writeFile(path, content);
  await work();
  await Deno.writeFile(path, kept);
}

for (const [name, { run, hasTeacher }] of Object.entries(RUNS)) {
  Deno.test(
    `${name} goes on where model and images were moved to, and with no others in their place`,
    withNoise(async (data, folder) => {
      const places: Places = {
        model: `${folder}/model`,
        teacher: `${folder}/teacher`,
        data,
        checkpoint: `${folder}/state`,
      };
      const files = {
        model: await noisyNetwork("preActivation"),
        teacher: await noisyNetwork("plain"),
      };
      const save = (place: "model" | "teacher", file = files[place]) =>
        saveModelFile(places[place], file, { force: true });
      await save("model");
      await save("teacher");
      const whole = await run({ ...places, checkpoint: `${folder}/whole` }, {});
      await interrupt(run, places);
      const resume = () => run(places, { resume: true });
      const known = () => fingerprint(places);
      const digits = async (what: "model" | "data" | "teacher") =>
        (await known())[what]!.slice(0, 12);

      for (const what of hasTeacher ? ["model", "teacher"] as const : ["model"] as const) {
        const own = await digits(what);
        await save(what, await noisyNetwork(what === "model" ? "preActivation" : "plain", 7));
        await refused(resume, `with ${what} ${own}, wanted ${await digits(what)}`);
        await save(what);
      }
      const own = await digits("data");
      const [first] = [...Deno.readDirSync(`${data}/train/a`)].map((entry) => entry.name).sort();
      const png = encodePng(randomBytes(192, 99), { width: 8, height: 8, colorType: 2 });
      await withChanged(`${data}/train/a/${first}`, png, async () => {
        await refused(resume, `with data ${own}, wanted ${await digits("data")}`);
      });
      await rename(`${data}/train/a/${first}`, `${data}/train/b/${first}.png`);
      await refused(resume, `with data ${own}, wanted ${await digits("data")}`);
      await rename(`${data}/train/b/${first}.png`, `${data}/train/a/${first}`);

      const moved = {
        model: `${folder}/other/network`,
        teacher: `${folder}/other/imitated`,
        data: `${folder}/other/images`,
        checkpoint: `${folder}/other/kept`,
      };
      await Deno.mkdir(`${folder}/other`);
      for (const place of Object.keys(moved) as (keyof Places)[]) {
        await rename(places[place], moved[place]);
      }
      assert.deepEqual(weightsOf(await run(moved, { resume: true })), weightsOf(whole));
    }),
  );
}

Deno.test(
  "training goes on with the same network and images alone, wherever these were moved to",
  withNoise(async (data, folder) => {
    const run: Run = async ({ data, checkpoint }, control) => {
      const options = { ...TUNING, data, checkpoint, ...control, seed: 1, workers: 1 };
      const told = { net: "resnet8", onProgress: toldSteps(control) };
      const { file, report } = await train({ ...options, ...told });
      if (report.interrupted) throw control.signal!.reason;
      return { file };
    };
    const places = { model: "", teacher: "", data, checkpoint: `${folder}/state` };
    const whole = await run({ ...places, checkpoint: `${folder}/whole` }, {});
    await interrupt(run, places);
    const { checkpoint } = places;
    const other = { ...TUNING, data, checkpoint, resume: true, seed: 1, workers: 1 };
    await assert.rejects(
      train({ ...other, net: "resnet14" }),
      /found a run with model [0-9a-f]{12}, wanted [0-9a-f]{12}; net resnet8, wanted resnet14; give/,
    );
    await assert.rejects(
      train({ ...other, net: "resnet8", seed: 2 }),
      /found a run with model [0-9a-f]{12}, wanted [0-9a-f]{12}; seed 1, wanted 2; give/,
    );
    const [first] = [...Deno.readDirSync(`${data}/train/a`)].map((entry) => entry.name).sort();
    await rename(`${data}/train/a/${first}`, `${data}/train/b/${first}.png`);
    await assert.rejects(
      run(places, { resume: true }),
      /found a run with data [0-9a-f]{12}, wanted [0-9a-f]{12}; give/,
    );
    await rename(`${data}/train/b/${first}.png`, `${data}/train/a/${first}`);
    await rename(data, `${folder}/images`);
    const rest = await run({ ...places, data: `${folder}/images` }, { resume: true });
    assert.deepEqual(weightsOf(rest), weightsOf(whole));
  }),
);

/** Counts what is looked at for fingerprints. */
function watchDigests(): Disposable & { count: number } {
  const { subtle } = crypto;
  const digest = subtle.digest.bind(subtle);
  const watched = { count: 0, [Symbol.dispose]: () => void (subtle.digest = digest) };
  subtle.digest = (...given) => {
    watched.count++;
    return digest(...given);
  };
  return watched;
}

Deno.test(
  "fingerprints are made once in a run, and only where something is kept",
  withNoise(async (data, folder) => {
    const model = await noisyNetwork("plain");
    const tuning = { ...TUNING, epochs: 1 };
    const run = {
      ...PRUNING,
      model,
      data,
      policy: { kind: "uniform", ratio: 0.5 },
      tuning,
    } as const;
    const digestsOf = async (more: Partial<PruneOptions>) => {
      using digests = watchDigests();
      await prune({ ...run, ...more });
      return digests.count;
    };
    const state = { checkpoint: `${folder}/state`, statistics: `${folder}/statistics` };
    const teacher = await noisyNetwork("plain", 7);
    assert.equal(await digestsOf({}), 0);
    assert.equal(await digestsOf(state), 2, "model and images");
    assert.equal(await digestsOf({ ...state, tuning: { ...tuning, teacher: "original" } }), 2);
    assert.equal(await digestsOf({ ...state, tuning: { ...tuning, teacher } }), 3);
  }),
);
