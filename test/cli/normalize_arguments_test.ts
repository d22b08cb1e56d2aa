import assert from "node:assert/strict";
import { normalizeArguments, quoteArguments } from "../../cli/normalize_arguments.ts";

/** PocketFlow's options that several commands have, with a value. */
const SHARED: readonly [string, string][] = [
  ["cp_prune_option", "list"],
  ["cp_uniform_preserve_ratio", "0.6"],
  ["cp_prune_list_file", "ratio.list"],
  ["cp_nb_points_per_layer", "10"],
  ["cp_nb_batches", "60"],
  ["batch_size", "128"],
  ["batch_size_eval", "100"],
  ["cp_preserve_ratio", "0.5"],
  ["cp_list_group", "1000"],
  ["cp_nb_iters_ft_ratio", "0.2"],
  ["cp_lrn_rate_ft", "1e-4"],
  ["loss_w_dst", "4.0"],
  ["tempr_dst", "4.0"],
  ["nb_epochs_rat", "1.0"],
  ["cp_nb_rlouts", "200"],
  ["cp_nb_rlouts_min", "50"],
  ["cp_reward_policy", "accuracy"],
  ["cp_noise_tolerance", "0.15"],
  ["ddpg_lrn_rate", "1e-3"],
];

function dashed(name: string): string {
  return name.replace(/^cp_/, "").replaceAll("_", "-");
}

for (const [name, value] of SHARED) {
  Deno.test(`--${name} and --${dashed(name)} are the same option`, () => {
    const wanted = [`--${dashed(name)}`, value];
    assert.deepEqual(normalizeArguments([`--${name}`, value]), wanted);
    assert.deepEqual(normalizeArguments(wanted), wanted);
    assert.deepEqual(normalizeArguments([`--${name}=${value}`]), [`--${dashed(name)}=${value}`]);
    assert.deepEqual(normalizeArguments([`--${dashed(name)}=${value}`]), [
      `--${dashed(name)}=${value}`,
    ]);
  });
}

Deno.test("--budget is --preserve-ratio", () => {
  const prune = (...args: string[]) => normalizeArguments(["prune", ...args]).slice(1);
  assert.deepEqual(prune("--budget=0.3"), ["--preserve-ratio=0.3"]);
  assert.deepEqual(prune("--budget", "0.3"), ["--preserve-ratio", "0.3"]);
  const check = ["check", "--budget", "file.json"];
  assert.deepEqual(normalizeArguments(check), check);
});

Deno.test("--resnet_size belongs to the commands that make a network, in both spellings", () => {
  for (const command of ["train", "pocketflow"]) {
    assert.deepEqual(normalizeArguments([command, "--resnet_size=20"]), [
      command,
      "--resnet-size=20",
    ]);
  }
  for (const spelling of ["--resnet_size", "--resnet-size"]) {
    for (const args of [[`${spelling}=20`], [spelling, "20"]]) {
      assert.throws(() => normalizeArguments(["prune", ...args]), {
        name: "UsageError",
        message: new RegExp(
          `^reading ${
            args[0]
          }: found it with prune, wanted it with train or pocketflow, .*; leave it out`,
        ),
      });
    }
  }
});

Deno.test("`pocketflow` knows flags by other names, switches among them", () => {
  const pocketflow = (...args: string[]) => normalizeArguments(["pocketflow", ...args]).slice(1);
  assert.deepEqual(pocketflow("--data_dir_local=x"), ["--data=x"]);
  assert.deepEqual(pocketflow("--debug"), ["--verbose"]);
  assert.deepEqual(pocketflow("--nodebug"), []);
  assert.deepEqual(pocketflow("--enbl_multi_gpu"), ["--enbl-multi-gpu=true"]);
  assert.deepEqual(pocketflow("--noenbl_multi_gpu"), ["--enbl-multi-gpu=false"]);
  assert.deepEqual(normalizeArguments(["train", "--debug"]), ["train", "--debug"]);
});

Deno.test("switches stand alone, take a value behind `=` or the word behind them, and are turned off by `no`", () => {
  const spellings = {
    "--lasso=true": ["--lasso", "--cp_lasso", "--cp_lasso=True", "--cp-lasso true", "--lasso=true"],
    "--lasso=false": ["--nocp_lasso", "--no-lasso", "--cp_lasso=false", "--lasso False"],
    "--quadruple": ["--quadruple", "--cp_quadruple=true", "--cp_quadruple true"],
    "--force": ["--force", "--force=true"],
    "--json": ["--json", "--json=true"],
    "--finetune": ["--finetune", "--cp_finetune", "--cp_finetune=true", "--cp_finetune True"],
    "--retrain": ["--retrain", "--cp_retrain"],
    "--enbl-dst": ["--enbl-dst", "--enbl_dst", "--enbl_dst=true"],
    "--no-verify": ["--no-verify", "--verify=false", "--verify false"],
    "--no-latency": ["--no-latency", "--latency=false"],
    "": [
      "--cp_quadruple=false",
      "--cp_finetune=false",
      "--nocp_retrain",
      "--enbl_dst False",
      "--nocp_quadruple",
      "--force=false",
      "--json=false",
      "--json false",
      "--quiet=false",
      "--no-json",
      "--verify",
      "--verify=true",
    ],
  };
  for (const [wanted, typed] of Object.entries(spellings)) {
    for (const spelling of typed) {
      const args = [...spelling.split(" "), "model"];
      const found = normalizeArguments(args);
      assert.deepEqual(found, [wanted, "model"].filter((word) => word !== ""), spelling);
    }
  }
});

Deno.test("a switch that is neither true nor false is refused", () => {
  assert.throws(() => normalizeArguments(["--force=perhaps"]), {
    name: "UsageError",
    message:
      "reading --force=perhaps: found perhaps, wanted true or false; give one of them, or leave the value out",
  });
});

Deno.test("values keep their underscores and equals signs, and nothing behind `--` is touched", () => {
  const args = ["prune", "my_model", "--out=a_b=c", "--data", "some_data", "--", "--cp_x=y", "-_"];
  assert.deepEqual(normalizeArguments(args), args);
});

Deno.test("names that every object has are unknown options like others", () => {
  assert.deepEqual(normalizeArguments(["--constructor"]), ["--constructor"]);
  assert.deepEqual(normalizeArguments(["--noise"]), ["--noise"]);
});

Deno.test("`quoteArguments()` quotes what a shell would take apart", () => {
  assert.equal(quoteArguments(["prune", "a/b.json", "--x=0.5"]), "prune a/b.json --x=0.5");
  assert.equal(quoteArguments(["my model", "it's", ""]), `'my model' 'it'\\''s' ''`);
});
