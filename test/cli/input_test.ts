import assert from "node:assert/strict";
import { join } from "node:path";
import { encodeCifar, encodeIdxImages, encodeIdxLabels } from "../data/fixtures.ts";
import {
  convolutions,
  inTempFolder,
  listNames,
  pruneArguments,
  quickPruning,
  writeChangedModel,
  writeFile,
  writePngData,
  writeSmallData,
} from "./fixtures.ts";
import { exampleData, exampleModel, runCli, runJson } from "./run_cli.ts";

/** Runs a command that must fail for what it was given: one line on standard error and exit code 1. */
async function failureOf(args: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await runCli(args);
  const lines = stderr.trimEnd().split("\n");
  assert.equal(code, 1, stderr);
  assert.equal(stdout, "");
  assert.match(lines.at(-1)!, /^secateur: /);
  return lines.at(-1)!;
}

const LISTS: Record<string, { list: string; message: RegExp }> = {
  "too few entries": {
    list: "1,0.5",
    message: /found 2 entries, wanted 10, one for each convolution/,
  },
  "too many entries": { list: "1,".repeat(11), message: /found 11 entries, wanted 10/ },
  "an entry of 0": {
    list: "1,1,1,0,1,1,1,1,1,1",
    message: /found "0" as entry 4 \(stage1_block1_conv2\)/,
  },
  "an entry above 1": {
    list: "1,1,1.5,1,1,1,1,1,1,1",
    message:
      /found "1.5" as entry 3 \(stage1_block1_conv1\), wanted a number above 0 and at most 1/,
  },
  "a word": {
    list: "1,1,1,1,half,1,1,1,1,1",
    message: /found "half" as entry 5 \(stage2_block1_projection\)/,
  },
  "a gap": { list: "1,1,1,1,1,,1,1,1,1", message: /found "" as entry 6 \(stage2_block1_conv1\)/ },
  "nothing": { list: "", message: /found "" as entry 1 \(conv1\)/ },
};

for (const [what, { list, message }] of Object.entries(LISTS)) {
  Deno.test(`a ratio list with ${what} is refused, with its entry or their number`, async () => {
    await inTempFolder(async (folder) => {
      const path = join(folder, "ratios");
      await Deno.writeTextFile(path, list);
      const found = await failureOf([
        ...["prune", exampleModel, "--data", exampleData, "--out", join(folder, "out")],
        ...["--prune-option", "list", "--prune-list-file", path, "--workers", "1"],
      ]);
      assert.match(found, message);
      assert.ok(found.includes(path), found);
      assert.deepEqual(await listNames(folder), ["ratios"]);
    });
  });
}

Deno.test("a ratio list that does not exist is named with its flag", async () => {
  const found = await failureOf([
    ...["prune", exampleModel, "--data", exampleData, "--out", "never-written"],
    ...["--prune-option", "list", "--prune-list-file", "no-such-list"],
  ]);
  assert.match(found, /reading --prune-list-file no-such-list: found no such file/);
});

Deno.test("an unknown layer of --skip is named, with the layers there are", async () => {
  const found = await failureOf([
    ...pruneArguments(exampleData, "never-written", "--skip", "conv1,conv99"),
  ]);
  assert.match(
    found,
    /--skip: found "conv99", wanted the name of a convolution or Dense layer; there are /,
  );
  for (const name of convolutions) assert.ok(found.includes(name));
});

Deno.test("a model that does not exist is named", async () => {
  for (const command of [["inspect"], ["eval", "--data", exampleData]]) {
    assert.match(
      await failureOf([...command, "no-such-model"]),
      /no-such-model: found no such file/,
    );
  }
});

Deno.test("data that does not exist is named", async () => {
  const found = await failureOf(["eval", exampleModel, "--data", "no-such-data"]);
  assert.match(found, /opening no-such-data: found nothing there, wanted a dataset/);
});

Deno.test("data without the model's highest classes is measured, and both numbers are said", async () => {
  await inTempFolder(async (data) => {
    for (const prefix of ["train", "t10k"]) {
      const labels = Array.from({ length: 12 }, (_, index) => index % 3);
      await writeFile(join(data, `${prefix}-images-idx3-ubyte`), encodeIdxImages(12, 28, 28));
      await writeFile(join(data, `${prefix}-labels-idx1-ubyte`), encodeIdxLabels(labels));
    }
    const { code, stderr } = await runCli(["eval", exampleModel, "--data", data, "--workers", "1"]);
    assert.equal(code, 0, stderr);
    assert.match(stderr, /note: the labels of the data go up to 2, the model has 10 classes/);
  });
});

const READERS = [
  ["train", "--net", "resnet8"],
  ["finetune", exampleModel],
  ["prune", exampleModel, "--prune-option", "uniform"],
];

for (const command of READERS) {
  Deno.test(`${command[0]} refuses a label out of range, with its file and the image`, async () => {
    await inTempFolder(async (folder) => {
      const run = (data: string) =>
        failureOf([...command, "--data", data, "--out", join(folder, "out"), "--workers", "1"]);
      const [idx, cifar] = [join(folder, "idx"), join(folder, "cifar")];
      await writeSmallData(idx);
      const labels = join(idx, "train-labels-idx1-ubyte");
      const content = await Deno.readFile(labels);
      content[8 + 7] = 200;
      await writeFile(labels, content);
      assert.match(await run(idx), /train-labels-idx1-ubyte, image 7: found label 200/);
      await writeFile(join(cifar, "data_batch_1.bin"), encodeCifar([1, 2, 200]));
      assert.match(
        await run(cifar),
        /data_batch_1\.bin: found label 200 in record 2, wanted 0 to 9/,
      );
      assert.deepEqual(await listNames(folder), ["cifar", "idx"]);
    });
  });
}

Deno.test("images in color are read as gray by a network of one channel", async () => {
  await inTempFolder(async (folder) => {
    const [gray, color] = [join(folder, "gray"), join(folder, "color")];
    await writePngData(gray, { perClass: 2, broken: 0 });
    await writePngData(color, { perClass: 2, broken: 0, channels: 3 });
    const measure = (data: string) =>
      runJson(["eval", exampleModel, "--data", data, "--workers", "1"]);
    const [first, second] = [await measure(gray), await measure(color)];
    assert.equal(second.images, first.images);
    assert.ok(Math.abs(second.loss - first.loss) < 0.02);
  });
});

Deno.test("a model without preprocessing asks for the flags, and runs with them", async () => {
  await inTempFolder(async (folder) => {
    const [model, data] = [join(folder, "model"), join(folder, "data")];
    await writeSmallData(data);
    let preprocess: { scale?: number; mean: number[]; std: number[] } | undefined;
    await writeChangedModel(model, (file) => {
      preprocess = file.userDefinedMetadata.preprocess;
      delete file.userDefinedMetadata;
    });
    const args = ["eval", model, "--data", data, "--workers", "1"];
    const found = await failureOf(args);
    for (const flag of ["--preprocess", "--mean", "--std", "--scale"]) {
      assert.ok(found.includes(flag), found);
    }
    const { scale = 1, mean, std } = preprocess!;
    const told = await runJson([
      ...args,
      ...["--scale", `${scale}`, "--mean", `${mean}`, "--std", `${std}`],
    ]);
    const wanted = await runJson(["eval", exampleModel, ...args.slice(2)]);
    assert.equal(told.accuracy, wanted.accuracy);
    assert.equal(told.loss, wanted.loss);
  });
});

Deno.test("one image and one position a layer are enough for a run", async () => {
  await inTempFolder(async (folder) => {
    const data = join(folder, "data");
    await writeSmallData(data);
    const report = await runJson([
      ...["prune", exampleModel, "--data", data, "--out", join(folder, "out")],
      ...["--prune-option", "uniform", "--workers", "1", "--no-latency"],
      ...["--nb-batches", "1", "--batch-size", "1", "--nb-points-per-layer", "1"],
    ]);
    assert.equal(report.images.calibration, 1);
    assert.ok(Number.isFinite(report.loss.after));
  });
});

Deno.test("images that do not decode are skipped, counted and named", async () => {
  await inTempFolder(async (folder) => {
    const [data, out] = [join(folder, "data"), join(folder, "out")];
    const [broken] = await writePngData(data, { perClass: 7, broken: 1 });
    const evaluated = await runCli(["eval", exampleModel, "--data", data, "--workers", "1"]);
    assert.equal(evaluated.code, 0, evaluated.stderr);
    assert.match(evaluated.stdout, /on 69 images/);
    const skipped = new RegExp(
      `^skipped an image: reading ${broken}: found .*, wanted .*; .*$`,
      "m",
    );
    assert.match(evaluated.stderr, skipped);

    const report = await runJson([
      ...["prune", exampleModel, "--data", data, "--out", out, "--prune-option", "uniform"],
      ...quickPruning,
    ]);
    assert.equal(report.images.test, 69);
    assert.equal(report.images.unreadable, 1);
    assert.deepEqual(report.images.unreadableNames, [broken]);
    assert.equal(report.images.unreadableReasons.length, 1);
  });
});

Deno.test("more images that do not decode than their share allows end the run", async () => {
  await inTempFolder(async (data) => {
    const broken = await writePngData(data, { perClass: 5, broken: 3 });
    const args = ["eval", exampleModel, "--data", data, "--workers", "1"];
    const found = await failureOf(args);
    assert.match(
      found,
      /found \d of 50 that cannot be read, wanted at most 1 %; mend them as said/,
    );
    assert.ok(broken.some((name) => found.includes(name)), found);
    const borne = await runJson([...args, "--max-bad-images", "0.06"]);
    assert.equal(borne.images, 47);
    assert.deepEqual(borne.unreadable, broken.sort());
  });
});
