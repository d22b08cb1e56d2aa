import assert from "node:assert/strict";
import { join } from "node:path";
import { zipSync } from "fflate";
import { saveModelFile } from "../../src/formats/tfjs/save.ts";
import { startBackend } from "../../src/kernels/backend.ts";
import { encodeNpy, randomBytes, writeFile } from "../data/fixtures.ts";
import { noisyNetwork, withUnlabeledNoise } from "../support/noise.ts";
import { exampleModel, runCli, runJson } from "./run_cli.ts";

await startBackend();

const QUICK = [
  ...["--prune-option", "uniform", "--uniform-preserve-ratio", "0.5", "--workers", "1"],
  ...["--nb-batches", "4", "--batch-size", "30", "--nb-points-per-layer", "12", "--no-latency"],
];

Deno.test(
  "`prune` and `eval` of a detector state relative errors and no accuracy",
  withUnlabeledNoise(async (data, folder) => {
    const [model, out] = [join(folder, "model"), join(folder, "out")];
    await saveModelFile(model, await noisyNetwork("detection"));
    const prune = ["prune", model, "--data", data, "--out", out, ...QUICK];
    const { code, stdout, stderr } = await runCli(prune);
    assert.equal(code, 0, stderr);
    assert.match(stdout, /^error +0\.00 % -> \d+\.\d\d %, relative, of the outputs$/m);
    assert.match(stdout, /^ {2}boxes 0\.00 % -> .* %$/m);
    assert.match(stdout, /^ {2}scores 0\.00 % -> .* %$/m);
    assert.match(stdout, /note: the model has 2 outputs: outputs were compared/);
    assert.doesNotMatch(stdout, /accuracy/);

    const report = await runJson([...prune, "--force"]);
    assert.ok(!("accuracy" in report));
    const record = JSON.parse(await Deno.readTextFile(join(out, "report.json")));
    assert.deepEqual(record.report.outputError, report.outputError);
    assert.ok(!("answers" in record));
    const page = await Deno.readTextFile(join(out, "report.html"));
    assert.match(page, /Relative error of the outputs/);
    assert.doesNotMatch(page, /Accuracy/);
    const evaluate = ["eval", out, "--data", data, "--workers", "1"];
    const found = await runJson([...evaluate, "--reference", model]);
    assert.ok(!("accuracy" in found));
    assert.ok(Math.abs(found.outputError - report.outputError.after) < 1e-6);
    const told = await runCli([...evaluate, "--reference", model]);
    assert.match(
      told.stdout,
      /^relative error of the outputs \S+ % \(boxes \S+ %, scores \S+ %\) on 30/,
    );
    const alone = await runCli(evaluate);
    assert.equal(alone.code, 1);
    assert.match(
      alone.stderr,
      /the model has 2 outputs, so there is no accuracy; --reference compares its outputs .*\n$/,
    );
  }),
);

Deno.test(
  "an .npz file is a data set, and --no-labels leaves its labels alone",
  withUnlabeledNoise(async (_, folder) => {
    const data = join(folder, "set.npz");
    const entries = {
      "x_train.npy": encodeNpy("|u1", "(20, 28, 28)", randomBytes(20 * 784)),
      "y_train.npy": encodeNpy(
        "<i8",
        "(20,)",
        BigInt64Array.from({ length: 20 }, (_, i) => BigInt(i % 10)),
      ),
      "x_test.npy": encodeNpy("|u1", "(10, 28, 28)", randomBytes(7840, 2)),
      "y_test.npy": encodeNpy(
        "<i8",
        "(10,)",
        BigInt64Array.from({ length: 10 }, (_, i) => BigInt(i)),
      ),
    };
    await writeFile(data, zipSync(entries));
    const evaluate = ["eval", exampleModel, "--data", data, "--workers", "1"];
    const { accuracy, images } = await runJson(evaluate);
    assert.ok(accuracy >= 0 && images === 10);
    const { outputError } = await runJson([...evaluate, "--reference", exampleModel]);
    assert.equal(outputError, 0);
    const unlabeled = await runCli([...evaluate, "--no-labels"]);
    assert.equal(unlabeled.code, 1);
    assert.match(unlabeled.stderr, /labels are not to be used, so there is no accuracy/);
  }),
);
