import assert from "node:assert/strict";
import { exampleData, exampleModel, runCli, spawnScript } from "./run_cli.ts";

const COMMANDS = [
  ...["inspect", "eval", "calibrate", "merge", "prune", "train", "finetune", "convert", "fold"],
  ...[
    "bench",
    "check",
    "compare",
    "explore",
    "completions",
    "shell",
    "sweep",
    "worker",
    "demo",
    "pocketflow",
  ],
];

for (const command of COMMANDS) {
  Deno.test(`\`${command} --help\` shows an example`, async () => {
    const { code, stdout, stderr } = await runCli([command, "--help"]);
    assert.equal(code, 0);
    assert.equal(stderr, "");
    assert.match(stdout, new RegExp(`Example:\\n  deno task (secateur |remote )?${command}`));
  });
}

Deno.test("`--help` lists the commands", async () => {
  const { code, stdout } = await runCli(["--help"]);
  assert.equal(code, 0);
  for (const command of COMMANDS) {
    assert.match(stdout, new RegExp(`^  ${command} `, "m"));
  }
});

Deno.test("without a command five lines say what it is and what to type", async () => {
  const { code, stdout, stderr } = await runCli([]);
  assert.equal(code, 0);
  assert.equal(stderr, "");
  const lines = stdout.trimEnd().split("\n");
  assert.equal(lines.length, 5);
  assert.match(lines[0], /^Secateur \d+\.\d+\.\d+ makes trained convolutional networks smaller/);
  for (const [at, command] of ["demo", "inspect", "prune"].entries()) {
    assert.ok(lines[1 + at].includes(`deno task secateur ${command}`), lines[1 + at]);
  }
});

for (const command of ["prune", "train", "finetune", "pocketflow"]) {
  Deno.test(`\`${command} --help\` shows eight options, and with --all the others in groups`, async () => {
    const [few, all] = await Promise.all([["--help"], ["--help", "--all"]].map(async (words) => {
      const { code, stdout } = await runCli([command, ...words]);
      assert.equal(code, 0);
      return stdout;
    }));
    const optionsIn = (help: string) =>
      Array.from(
        help.split("Global Options:")[0].matchAll(/^ {2}(--[\w-]+)/gm),
        ([, name]) => name,
      );
    assert.equal(optionsIn(few).length, 8);
    const [, left] = few.match(/^The other (\d+) options, in groups:\n {2}.* --help --all$/m)!;
    assert.equal(optionsIn(all).length, 8 + Number(left));
    assert.ok(optionsIn(few).every((name) => optionsIn(all).includes(name)));
    assert.doesNotMatch(all, /The other/);
  });
}

Deno.test("`prune --help --all` names PocketFlow's spelling of every option that is built", async () => {
  const { stdout } = await runCli(["prune", "--help", "--all"]);
  for (
    const name of [
      ...["cp_prune_option", "cp_uniform_preserve_ratio", "cp_prune_list_file", "cp_lasso"],
      ...["cp_nb_points_per_layer", "cp_nb_batches", "cp_quadruple", "batch_size"],
      ...["batch_size_eval", "cp_finetune", "cp_list_group", "cp_nb_iters_ft_ratio"],
      ...[
        "cp_preserve_ratio",
        "cp_lrn_rate_ft",
        "cp_retrain",
        "enbl_dst",
        "loss_w_dst",
        "tempr_dst",
        "nb_epochs_rat",
      ],
    ]
  ) assert.ok(stdout.includes(`(${name})`), name);
});

const data = ["--data", exampleData];
const prune = ["prune", exampleModel, ...data, "--out", "never-written"];

const MISUSES: Record<string, { args: string[]; message: RegExp }> = {
  "an unknown command": {
    args: ["shrink"],
    message: /unknown command 'shrink'; see `secateur --help`$/,
  },
  "a mistyped command": {
    args: ["prnue"],
    message: /unknown command 'prnue'; did you mean prune\?$/,
  },
  "help of an unknown command": {
    args: ["help", "nothing"],
    message: /unknown command 'nothing'; see `secateur --help`$/,
  },
  "help of a mistyped command": {
    args: ["help", "prnue"],
    message: /unknown command 'prnue'; did you mean prune\?$/,
  },
  "an unknown command's help": {
    args: ["shrink", "--help"],
    message: /unknown command 'shrink'; see `secateur --help`$/,
  },
  "a command in capitals": {
    args: ["PRUNE"],
    message: /unknown command 'PRUNE'; did you mean prune\?$/,
  },
  "a model without a command": {
    args: [exampleModel],
    message: /unknown command '.*'; did you mean inspect .*fashion-mnist, or prune .*\?$/,
  },
  "an unknown option": {
    args: ["eval", exampleModel, ...data, "--frobnicate"],
    message: /unknown option '--frobnicate'; see `secateur eval --help`$/,
  },
  "a mistyped option": {
    args: ["eval", exampleModel, ...data, "--worker", "2"],
    message: /unknown option '--worker'; did you mean --workers\?$/,
  },
  "a mistyped option in place of one that has to be there": {
    args: ["prune", exampleModel, ...data, "--output=smaller"],
    message: /unknown option '--output'; did you mean --out\?$/,
  },
  "a mistyped --help": {
    args: ["prune", "--halp"],
    message: /unknown option '--halp'; did you mean --help\?$/,
  },
  "an option in one letter": {
    args: ["prune", exampleModel, "-o", "smaller"],
    message: /unknown option '-o'; see `secateur prune --help`$/,
  },
  "a mistyped option that the short help leaves out": {
    args: [...prune, "--slow-selector"],
    message: /unknown option '--slow-selector'; did you mean --slow-selectors\?$/,
  },
  "--quiet and --verbose": {
    args: ["eval", exampleModel, ...data, "--quiet", "--verbose"],
    message: /'--quiet' cannot be used with option '--verbose'; see `secateur/,
  },
  "a missing argument": { args: ["inspect"], message: /missing required argument 'model'/ },
  "an argument too many": {
    args: ["inspect", "a", "b"],
    message: /too many arguments.*got 2: a, b; see `secateur inspect --help`$/,
  },
  "a missing --data": { args: ["eval", exampleModel], message: /'--data <dir>' not specified/ },
  "a missing --out": {
    args: ["prune", exampleModel, ...data, "--prune-option", "uniform"],
    message: /'--out <dir>' not specified/,
  },
  "a bad number": {
    args: ["eval", exampleModel, ...data, "--workers", "0"],
    message:
      /'--workers <n>' argument '0' is invalid\. Wanted a whole number of at least 1; see `secateur eval --help`$/,
  },
  "a ratio out of range": {
    args: [...prune, "--prune-option", "uniform", "--cp_uniform_preserve_ratio=1.5"],
    message: /'--uniform-preserve-ratio <ratio>' argument '1.5' is invalid/,
  },
  "resuming what keeps no state": {
    args: [...prune, "--prune-option", "uniform", "--resume"],
    message:
      /reading --resume: a run without search, repair of the network or tuning keeps no state to go on from; leave --resume out$/,
  },
  "an unknown choice": {
    args: [...prune, "--prune-option", "random"],
    message: /'random' is invalid\. Allowed choices are auto, budget, uniform, list/,
  },
  "a mistyped choice": {
    args: [...prune, "--effort", "Standart"],
    message: /'Standart' is invalid\. Allowed choices are .*; did you mean standard\?$/,
  },
  "a mistyped choice of an argument": {
    args: ["completions", "bsh"],
    message: /'bsh' is invalid for argument 'shell'\. Allowed choices are .*; did you mean bash\?$/,
  },
  "a ratio in per cent": {
    args: [...prune, "--budget", "50"],
    message: /'50' is invalid\. Wanted a number above 0 and at most 1, as 0\.5 for 50 %; see/,
  },
  "a reward and a target that do not go together": {
    args: [...prune, "--cp_reward_policy=flops", "--target", "latency"],
    message: /--reward-policy flops and --target latency: the former counts MACs; give --target/,
  },
  "a floor beside a policy": {
    args: [...prune, "--prune-option", "uniform", "--max-drop", "1"],
    message: /'--max-drop <points>' cannot be used with option '--prune-option <policy>'; see/,
  },
  "an option of another command": {
    args: [...prune, "--prune-option", "uniform", "--resnet_size=20"],
    message:
      /--resnet_size=20: found it with prune, wanted it with train or pocketflow, .*; leave it out, or let `pocketflow` train and prune one$/,
  },
  "--select and --lasso that disagree": {
    args: [...prune, "--prune-option", "uniform", "--select", "obs", "--cp_lasso=true"],
    message: /--select obs and --lasso true: the latter means lasso; give one of them$/,
  },
  "--quadruple and --channel-multiple that disagree": {
    args: [...prune, "--prune-option", "uniform", "--quadruple", "--channel-multiple", "8"],
    message: /--quadruple and --channel-multiple 8: the former means 4; give one of them$/,
  },
};

for (const [what, { args, message }] of Object.entries(MISUSES)) {
  Deno.test(`${what}: a message on standard error alone, and exit code 2`, async () => {
    const { code, stdout, stderr } = await runCli(args);
    assert.match(stderr.trim(), message);
    assert.equal(code, 2);
    assert.equal(stdout, "");
    if (args.length > 0) assert.match(stderr, /^secateur: [^\n]*\n$/);
  });
}

for (const name of [undefined, ...COMMANDS]) {
  const words = [...(name === undefined ? [] : [name]), "--help"];
  Deno.test(`\`${words.join(" ")}\` ends quietly when nobody reads it to the end`, async () => {
    assert.deepEqual(await runUnread(words), { code: 0, stderr: "" });
  });
}

Deno.test("what a command prints may go unread as well, and wrong usage stays wrong usage", async () => {
  for (const words of [["inspect", exampleModel], ["completions", "bash"], ["--version"]]) {
    assert.deepEqual(await runUnread(words), { code: 0, stderr: "" });
  }
  const { code, stderr } = await runUnread(["inspect", exampleModel, "--nonsense"]);
  assert.equal(code, 2);
  assert.match(stderr, /unknown option/);
});

/** Runs `secateur` with a standard output that is closed before anything is written. */
async function runUnread(words: readonly string[]): Promise<{ code: number; stderr: string }> {
  const child = spawnScript("cli/main.ts", words);
  await child.stdout.cancel();
  const stderr = await new Response(child.stderr).text();
  return { code: (await child.status).code, stderr };
}
