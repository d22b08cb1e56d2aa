import assert from "node:assert/strict";
import { dirname, join } from "node:path";
import type { Command } from "@commander-js/extra-typings";
import { normalizeArguments } from "../../../cli/normalize_arguments.ts";
import { createPocketflowCommand } from "../../../cli/options/pocketflow_options.ts";
import { FOREIGN_FLAGS, FOREIGN_LEARNERS } from "../../../cli/pocketflow/foreign_flags.ts";
import { planPocketflow, type PocketflowPlan } from "../../../cli/pocketflow/pocketflow_plan.ts";
import { encodeCifar } from "../../data/fixtures.ts";
import { readDocument } from "../../docs/documents.ts";
import { inTempFolder, listNames, writeFile } from "../fixtures.ts";
import { interruptAt, runCli } from "../run_cli.ts";
import { validate } from "../schemas.ts";

/** What the seed's page types behind the name of the script. */
const UNIFORM = [
  ...["--learner", "channel", "--batch_size_eval", "64", "--cp_uniform_preserve_ratio", "0.5"],
  ...["--cp_prune_option", "uniform"],
];
const LIST = [
  ...["--learner", "channel", "--batch_size_eval", "64", "--cp_prune_option", "list"],
  ...["--cp_prune_list_file", "./ratio.list"],
];
const AUTO = [
  ...["--learner", "channel", "--batch_size_eval", "64", "--cp_preserve_ratio", "0.5"],
  ...["--cp_prune_option", "auto"],
];

/** The ratios of the page, for the 22 convolutions of a ResNet-20. */
const PAGE_RATIOS =
  "1.0, 0.1875, 0.1875, 0.1875, 0.1875, 0.1875, 0.1875, 0.1875, 1.0, 0.25, 1.0, 0.25, " +
  "0.21875, 0.21875, 0.21875, 1.0, 0.5625, 1.0, 0.546875, 0.546875, 0.546875, 1";

/** So little that a run takes seconds. */
const QUICK = [
  ...["--data_dir_local", "cifar-10-batches-bin", "--nb_epochs_rat", "0.02", "--batch_size", "16"],
  ...["--cp_nb_batches", "4", "--validation-images", "16", "--workers", "1", "--no-latency"],
];

const REPORT = ["report.html", "report.json"];

/** Plans what is typed, without doing it. */
function plan(...typed: string[]): PocketflowPlan {
  const [name, ...args] = normalizeArguments(["pocketflow", ...typed]);
  assert.equal(name, "pocketflow");
  const command = createPocketflowCommand().exitOverride()
    .configureOutput({ outputError: () => {} }) as Command<[string]>;
  command.parse(args.filter((word) => word !== "--verbose"), { from: "user" });
  return planPocketflow(command.args[0], command);
}

const resnet = (...typed: string[]) =>
  plan("nets/resnet_at_cifar10_run.py", "--data_dir_local=data", ...typed);

async function inCifarFolder(run: (folder: string) => Promise<void>): Promise<void> {
  await inTempFolder(async (folder) => {
    const place = join(folder, "cifar-10-batches-bin");
    const labels = (count: number) => Array.from({ length: count }, (_, index) => index % 10);
    await writeFile(join(place, "data_batch_1.bin"), encodeCifar(labels(80)));
    await writeFile(join(place, "test_batch.bin"), encodeCifar(labels(40), { seed: 2 }));
    await run(folder);
  });
}

async function runIn(folder: string, args: readonly string[]) {
  const { code, stdout, stderr } = await runCli(["pocketflow", ...args], undefined, folder);
  return { code, stdout, stderr, message: stderr.trimEnd().split("\n").at(-1)! };
}

async function runWell(folder: string, args: readonly string[]) {
  const { code, stdout, stderr } = await runIn(folder, [...args, "--json"]);
  assert.equal(code, 0, stderr);
  const report = JSON.parse(stdout);
  validate("commands/pocketflow", report);
  return { report, stderr };
}

Deno.test("the page's uniform command trains, prunes and reports, and a second one prunes what stands", () =>
  inCifarFolder(async (folder) => {
    const args = ["nets/resnet_at_cifar10_run.py", ...UNIFORM, "--resnet_size", "8", ...QUICK];
    const { report } = await runWell(folder, args);
    assert.equal(report.trained.out, "./models/model");
    assert.equal(report.out, "./models/pruned_model");
    assert.ok(report.params.after < report.params.before);
    assert.equal(report.accuracy.before, report.trained.accuracy.after);
    assert.match(report.command, /^pocketflow nets\/resnet_at_cifar10_run\.py --learner channel/);
    assert.ok(report.tuning.epochs.length > 0, "the pruned network is tuned, as PocketFlow does");
    const models = join(folder, "models");
    assert.deepEqual(await listNames(models), ["model", "pruned_model"]);
    for (const name of ["model", "pruned_model"]) {
      const names = await listNames(join(models, name));
      assert.deepEqual([...REPORT, "model.json"].filter((file) => !names.includes(file)), []);
    }
    const refused = await runIn(folder, args);
    assert.equal(refused.code, 1);
    assert.match(refused.message, /pruned_model.*choose another or replace it with --force$/);
    const before = await Deno.readFile(join(models, "model", "model.json"));
    const { report: second, stderr } = await runWell(folder, [...args, "--force"]);
    assert.match(stderr, /pruning the model that stands in \.\/models\/model/);
    assert.equal(second.trained, undefined);
    assert.deepEqual(second.accuracy, report.accuracy);
    assert.deepEqual(await Deno.readFile(join(models, "model", "model.json")), before);
    const measured = await runWell(folder, [...args, "--exec_mode", "eval"]);
    assert.equal(measured.report.accuracy, report.accuracy.after);
    const other = await runIn(folder, [...args, "--force", "--resnet_size=14"]);
    assert.equal(other.code, 2);
    assert.match(other.message, /found a resnet8, wanted a resnet14; give another --save_path/);
  }));

Deno.test("the page's list command prunes a ResNet-20 by the page's ratios", () =>
  inCifarFolder(async (folder) => {
    await Deno.writeTextFile(join(folder, "ratio.list"), `${PAGE_RATIOS}\n`);
    const args = ["resnet_at_cifar10", ...LIST, "--resnet_size", "20", ...QUICK];
    const { report } = await runWell(folder, args);
    const kept = report.layers.find(({ name }: { name: string }) => name === "stage3_block3_conv2");
    assert.deepEqual([report.trained.out, kept.of], ["./models/model", 64]);
    assert.ok(report.macs.convAfter < 0.6 * report.macs.convBefore);
  }));

Deno.test("a ratio list is held against the network before that is trained", () =>
  inCifarFolder(async (folder) => {
    const args = ["resnet_at_cifar10", ...LIST, "--resnet_size", "8", ...QUICK];
    const missing = await runIn(folder, args);
    assert.match(missing.message, /reading --prune-list-file \.\/ratio\.list: found no such file/);
    await Deno.writeTextFile(join(folder, "ratio.list"), "0.5, 0.5");
    const short = await runIn(folder, args);
    assert.equal(short.code, 1);
    assert.match(short.message, /found 2 entries, wanted 10, one for each convolution/);
    assert.deepEqual(await listNames(folder), ["cifar-10-batches-bin", "ratio.list"]);
  }));

Deno.test("a ratio that cannot be reached is refused before the network is trained", () =>
  inCifarFolder(async (folder) => {
    const args = ["resnet_at_cifar10", ...AUTO, "--resnet_size", "8", ...QUICK];
    const { code, message } = await runIn(folder, [...args, "--cp_preserve_ratio", "0.0001"]);
    assert.equal(code, 1);
    assert.match(message, /as the least share that can be reached, wanted 0\.000100; give --/);
    assert.deepEqual(await listNames(folder), ["cifar-10-batches-bin"]);
  }));

Deno.test("options that messages name are here: of a given model's images, and of what is cut", () => {
  const { pruning } = plan("resnet_at_cifar10", ...[
    ...["--data_dir_local=data", "--learner", "channel", "--model", "model.h5"],
    ...["--preprocess", "unit", "--mean", "0.5", "--shared", "couple", "--budget", "0.4"],
  ]);
  const { preprocess, mean, shared, preserveRatio } = pruning;
  assert.deepEqual([preprocess!.all, mean!.all], ["unit", [0.5]]);
  assert.deepEqual([shared, preserveRatio], ["couple", 0.4]);
  assert.throws(() => resnet("--learner", "channel", "--preprocess", "unit"), {
    name: "UsageError",
    message: /^reading --preprocess: found it without --model, .*; leave it out, or give --model$/,
  });
});

Deno.test("the page's automatic command searches", () =>
  inCifarFolder(async (folder) => {
    const args = [
      ...["resnet_at_cifar10", ...AUTO, "--resnet_size", "8", ...QUICK],
      ...["--cp_nb_rlouts", "4", "--cp_nb_rlouts_min", "2"],
    ];
    const { report } = await runWell(folder, args);
    assert.equal(report.search.rollouts, 4);
    assert.ok(report.search.share.found <= 0.5);
    const names = await listNames(join(folder, "models", "pruned_model"));
    assert.ok(names.includes("search.jsonl"));
  }));

Deno.test("an interrupted training goes on, and its model is then pruned", () =>
  inCifarFolder(async (folder) => {
    const args = [
      ...["resnet_at_cifar10", ...UNIFORM, "--resnet_size=8", ...QUICK],
      ...["--nb_epochs_rat=1", "--data_dir_local", folder, "--save_path", join(folder, "whole")],
      ...["--cp_channel_pruned_path", join(folder, "small")],
    ];
    const { code, said } = await interruptAt("training", ["pocketflow", ...args]);
    assert.equal(code, 130);
    assert.match(said, /interrupted in epoch \d+; the state is in .*whole\.checkpoint: .*--resume/);
    assert.deepEqual(await listNames(folder), ["cifar-10-batches-bin", "whole.checkpoint"]);
    const { report } = await runWell(folder, [...args, "--resume"]);
    assert.deepEqual([report.trained.epochs.length, report.tuning.epochs.length], [30, 5]);
    assert.deepEqual(await listNames(folder), ["cifar-10-batches-bin", "small", "whole"]);
  }));

Deno.test("`--learner full-prec` trains alone, and --model is pruned without training", () =>
  inCifarFolder(async (folder) => {
    const net = ["resnet_at_cifar10", "--resnet_size=8", ...QUICK];
    const { report } = await runWell(folder, [...net, "--learner=full-prec", "--save_path=own"]);
    assert.equal(report.out, "own");
    const { report: pruned } = await runWell(folder, [
      ...[...net, ...UNIFORM, "--model", "own", "--cp_channel_pruned_path", "small.ckpt"],
    ]);
    assert.equal(pruned.out, "small");
    assert.equal(pruned.accuracy.before, report.accuracy.after);
    assert.deepEqual(await listNames(folder), ["cifar-10-batches-bin", "own", "small"]);
  }));

Deno.test("the three commands of the page are read as they stand", () => {
  const [uniform, list, auto] = [UNIFORM, LIST, AUTO].map((args) =>
    resnet(...args, "--resnet_size", "20")
  );
  for (const { goal, model, training, pruning } of [uniform, list, auto]) {
    assert.deepEqual([goal, model, training!.net], ["prune", "./models/model", "resnet20"]);
    assert.deepEqual([training!.out, training!.epochs], ["./models/model", 30]);
    assert.equal(pruning.out, "./models/pruned_model");
    assert.equal(pruning.batchSizeEval, 64);
    assert.equal(pruning.lasso, true, "the Lasso is PocketFlow's default");
    assert.equal(pruning.epochs, 5);
  }
  assert.equal(uniform.pruning.pruneOption, "uniform");
  assert.equal(uniform.pruning.uniformPreserveRatio, 0.5);
  assert.deepEqual([list.pruning.pruneOption, list.pruning.pruneListFile], [
    "list",
    "./ratio.list",
  ]);
  assert.deepEqual([auto.pruning.pruneOption, auto.pruning.preserveRatio], ["auto", 0.5]);
  assert.deepEqual([auto.pruning.nbRlouts, auto.pruning.nbRloutsMin], [200, 50]);
});

Deno.test("without --learner the network is trained alone, and flags of pruning are said to be idle", () => {
  assert.deepEqual([resnet().goal, resnet().note], ["train", undefined]);
  assert.equal(resnet("--learner=full-prec", "--cp_prune_option=auto").note, undefined);
  assert.equal(resnet(...UNIFORM).note, undefined);
  for (
    const typed of ["--cp_prune_option=auto", "--cp_uniform_preserve_ratio=0.5", "--nocp_lasso"]
  ) {
    const { goal, note } = resnet(typed, "--seed=1", "--force");
    assert.equal(goal, "train");
    assert.match(
      note!,
      /found none, which is full-prec: .* trained alone, .*; give --learner channel/,
    );
  }
  assert.equal(resnet("--seed=1", "--force", "--batch_size=64").note, undefined);
});

Deno.test("both spellings, and the networks of `train`", () => {
  const { pruning } = resnet(
    ...["--learner=channel", "--cp-prune-option=uniform", "--nocp_lasso", "--cp_quadruple"],
    ...["--enbl_dst=True", "--noenbl_multi_gpu", "--debug", "--nb-epochs-rat=0.5"],
  );
  assert.equal(pruning.lasso, false);
  assert.deepEqual([pruning.quadruple, pruning.enblDst, pruning.nbEpochsRat], [true, true, 0.5]);
  const netOf = (...typed: string[]) => plan(...typed, "--data-dir-local", "x").training!.net;
  assert.equal(netOf("vgg_at_cifar10"), "vgg16-cifar");
  assert.equal(netOf("nets/mobilenet_at_cifar10_run.py"), "mobilenet-v1");
  assert.equal(netOf("mobilenet_at_cifar10", "--mobilenet_version=2"), "mobilenet-v2");
  assert.equal(netOf("resnet_at_cifar10"), "resnet20");
});

Deno.test("the learning rate is that of a step of --batch_size_norm images, and a fifth in tuning", () => {
  const { training, pruning } = resnet("--lrn_rate_init=0.2", "--batch_size=64", "--loss_w_dcy=0");
  assert.equal(training!.learningRate, 0.1);
  assert.equal(pruning.learningRate, 0.02);
  assert.deepEqual([training!.weightDecay, pruning.weightDecay], [0, 0]);
  assert.equal(resnet().training!.weightDecay, 2e-4);
});

const REFUSED: Record<string, { typed: string[]; message: RegExp }> = {
  "another script": {
    typed: ["nets/resnet_at_ilsvrc12_run.py"],
    message: /wanted resnet_at_cifar10, .*; give one of them, or prune .* with `prune`$/,
  },
  "a depth that no ResNet has": {
    typed: ["resnet_at_cifar10", "--resnet_size=18"],
    message: /--resnet_size: found 18, wanted 6n \+ 2 .*; give 20, 32 or 56$/,
  },
  "a ResNet's depth for another network": {
    typed: ["vgg_at_cifar10", "--resnet_size=20"],
    message: /--resnet_size: found it with vgg_at_cifar10; give it with resnet_at_cifar10 alone$/,
  },
  "an unknown learner": {
    typed: ["resnet_at_cifar10", "--learner=chanel"],
    message: /found chanel, wanted full-prec or channel; give one of them$/,
  },
  "a trained model to be trained": {
    typed: ["resnet_at_cifar10", "--model=own"],
    message: /--model and --learner full-prec: .*`finetune`$/,
  },
  "training with a teacher": {
    typed: ["resnet_at_cifar10", "--enbl_dst"],
    message: /--enbl_dst and --learner full-prec: .*`finetune` and --teacher$/,
  },
  "one place for both models": {
    typed: ["resnet_at_cifar10", "--learner=channel", "--cp_channel_pruned_path=models/model"],
    message: /found \.\/models\/model for both; give two folders/,
  },
};

for (const [what, { typed, message }] of Object.entries(REFUSED)) {
  Deno.test(`\`pocketflow\` refuses ${what}`, () => {
    assert.throws(() => plan(...typed, "--data_dir_local=data"), { name: "UsageError", message });
  });
}

for (const [learner, instead] of FOREIGN_LEARNERS) {
  Deno.test(`\`pocketflow\` says what takes the place of --learner ${learner}`, () => {
    assert.throws(() => resnet(`--learner=${learner}`), (error: Error) => {
      assert.equal(error.name, "UsageError");
      return error.message.endsWith(`found ${learner}, wanted full-prec or channel; ${instead}`);
    });
  });
}

Deno.test("a checkpoint of TensorFlow is not trained over", () =>
  inCifarFolder(async (folder) => {
    const index = join(folder, "models", "model.ckpt-1000.index");
    await Deno.mkdir(dirname(index));
    await Deno.writeTextFile(index, "");
    const { code, message } = await runIn(folder, ["resnet_at_cifar10", ...UNIFORM, ...QUICK]);
    assert.equal(code, 2);
    assert.match(message, /found models\/model\.ckpt-1000\.index, .*; write it as .* give --model/);
  }));

/** Flags that decide what the others mean are typed on their own. */
const documented = [
  ...(await readDocument("docs/pocketflow.md")).text.matchAll(
    /^\| `([a-z0-9_]+)` +\| `([^`]+)` +\| (.+?) +\|$/gm,
  ),
].map(([, flag, fallback, here]) => ({ flag, fallback, here: here.replaceAll("`", "") }));

for (const { flag, fallback, here } of documented) {
  Deno.test(`docs/pocketflow.md says what becomes of ${flag}`, () => {
    const foreign = FOREIGN_FLAGS.get(flag);
    const script = flag.startsWith("mobilenet") ? "mobilenet_at_cifar10" : "resnet_at_cifar10";
    const type = (value: string) => plan(script, "--data_dir_local=data", `--${flag}=${value}`);
    if (foreign === undefined) {
      assert.doesNotMatch(here, /^(refused|only)/);
      assert.ok(type(fallback === "none" ? "data" : fallback));
      const [, name = ""] = normalizeArguments(["pocketflow", `--${flag}=${fallback}`]);
      const option = createPocketflowCommand().options.find(({ long }) =>
        long === name.split("=")[0]
      );
      const found = option?.defaultValue;
      if (found !== undefined && !/^(True|False)$/.test(fallback)) {
        assert.equal(`${found}`, typeof found === "number" ? `${Number(fallback)}` : fallback);
      }
      return;
    }
    const { only, instead } = foreign;
    assert.equal(foreign.default, fallback);
    assert.equal(here, only === undefined ? `refused; ${instead}` : `only ${only}; ${instead}`);
    if (only !== undefined) {
      assert.ok(type(fallback));
      assert.ok(type(only));
    }
    const isSwitch = only === "true" || only === "false";
    const wrong = only === undefined ? fallback : isSwitch ? `${only !== "true"}` : "7";
    assert.throws(() => type(wrong), (error: Error) => {
      assert.equal(error.name, "UsageError");
      return error.message.startsWith(`reading --${flag}: found`) &&
        error.message.endsWith(`; ${instead}`);
    });
  });
}

Deno.test("docs/pocketflow.md has every flag that the command has of PocketFlow", () => {
  const flags = documented.map(({ flag }) => flag);
  assert.equal(new Set(flags).size, flags.length);
  const missing = [...FOREIGN_FLAGS.keys()].filter((flag) => !flags.includes(flag));
  assert.deepEqual(missing, []);
  for (const { description } of createPocketflowCommand().options) {
    const [, name] = description.match(/\(([a-z]+(?:_[a-z]+)*)\)$/) ?? [];
    assert.ok(name === undefined || flags.includes(name), name);
  }
});
