import assert from "node:assert/strict";
import { join } from "node:path";
import { createWholeProgram } from "../../../cli/program.ts";
import { inTempFolder, pruneArguments, quickSampling, writeSmallData } from "../fixtures.ts";
import { exampleModel, projectFolder, runCli } from "../run_cli.ts";
import { schemas, validate } from "../schemas.ts";

/** Commands whose outputs the tests of them hold against the schemas. */
const TRIED_ELSEWHERE = ["demo", "pocketflow", "shell", "worker"];

/** Commands that say beforehand what they are going to do and about how long that takes. */
const FORETOLD = ["calibrate", "eval", "explore", "finetune", "prune", "sweep", "train"];

/** What is said among the objects on standard error, which are as their schema says. */
function saidOf(stderr: string): string[] {
  const lines = stderr.split("\n").filter(Boolean).map((line) => JSON.parse(line));
  for (const line of lines) validate("files/progress", line);
  return lines.flatMap(({ said }) => said ?? []);
}

async function readJson(...path: string[]): Promise<unknown> {
  return JSON.parse(await Deno.readTextFile(join(...path)));
}

Deno.test("every command with --json has a schema", async () => {
  const commands = (await createWholeProgram()).commands
    .filter(({ options }) => options.some(({ long }) => long === "--json"))
    .map((command) => command.name());
  const described = [...schemas().keys()].flatMap((path) =>
    path.match(/^commands\/(.*)\.json$/)?.[1] ?? []
  );
  assert.deepEqual(described.sort(), commands.sort());
});

Deno.test("what commands print and write is as the schemas say", async () => {
  await inTempFolder(async (folder) => {
    const at = (name: string) => join(folder, name);
    const data = ["--data", at("data")];
    await writeSmallData(at("data"), { train: 160, test: 60 });
    const plan = {
      data: at("data"),
      models: { resnet8: exampleModel },
      options: { budget: { "prune-option": "budget", "repair": "layers" } },
      budgets: [0.5],
      common: { "nb-batches": 1, "batch-size": 64, "latency": false },
    };
    await Deno.writeTextFile(at("plan.json"), JSON.stringify(plan));
    await Deno.writeTextFile(at("budget.json"), JSON.stringify({ macs: 1e7, accuracy: 0.5 }));
    const tuning = [
      "--epochs",
      "1",
      "--batch-size",
      "64",
      "--validation-images",
      "40",
      "--workers",
      "1",
      "--no-latency",
    ];
    const runs: readonly (readonly string[])[] = [
      ["inspect", exampleModel],
      ["eval", exampleModel, ...data, "--workers", "1"],
      ["eval", exampleModel, ...data, "--no-labels", "--reference", exampleModel, "--workers", "1"],
      [
        "calibrate",
        exampleModel,
        ...data,
        "--out",
        at("half.st"),
        "--shard",
        "1/2",
        ...quickSampling,
      ],
      ["merge", at("half.st"), "--out", at("whole.st")],
      pruneArguments(at("data"), at("pruned")),
      ["prune", exampleModel, "--no-data", "--out", at("blind")],
      ["explore", exampleModel, ...data, ...quickSampling],
      ["finetune", at("pruned"), ...data, "--out", at("tuned"), ...tuning],
      ["train", "--net", "resnet8", ...data, "--out", at("new"), ...tuning],
      ["convert", exampleModel, at("model.onnx")],
      ["fold", exampleModel, at("folded")],
      ["bench", exampleModel, "--rounds", "1"],
      ["check", exampleModel, "--budget", at("budget.json"), ...data],
      ["compare", at("pruned"), at("tuned")],
      ["sweep", at("plan.json"), "--out", at("sweep")],
    ];
    for (const args of runs) {
      const { code, stdout, stderr } = await runCli([...args, "--json", "--progress", "json"]);
      assert.equal(code, 0, stderr);
      validate(`commands/${args[0]}`, JSON.parse(stdout));
      const said = saidOf(stderr);
      const isForetold = FORETOLD.includes(args[0]) && !args.includes("--no-data");
      assert.equal(said.some((line) => line.includes("takes about")), isForetold, args.join(" "));
    }
    for (const run of ["pruned", "tuned", "new"]) {
      validate("files/report", await readJson(at(run), "report.json"));
    }
    validate("files/sweep-plan", plan);
    validate("files/sweep-results", await readJson(at("sweep"), "sweep.json"));
    const tried = new Set([...runs.map(([name]) => name), ...TRIED_ELSEWHERE]);
    assert.deepEqual(
      [...schemas().keys()].filter((path) => path.startsWith("commands/")).sort(),
      [...tried].map((name) => `commands/${name}.json`).sort(),
    );
  });
});

Deno.test("with --progress json every line on standard error is an object", async () => {
  await inTempFolder(async (folder) => {
    await writeSmallData(folder);
    const args = ["eval", exampleModel, "--data", folder, "--workers", "1", "--progress", "json"];
    const { code, stdout, stderr } = await runCli([...args, "--verbose", "--json"]);
    assert.equal(code, 0, stderr);
    validate("commands/eval", JSON.parse(stdout));
    assert.ok(saidOf(stderr).some((line) => line.startsWith("secateur ")));
    const lines = stderr.trimEnd().split("\n").map((line) => JSON.parse(line));
    const steps = lines.filter(({ stage }) => stage === "evaluating");
    assert.equal(steps.at(-1).done, steps.at(-1).total);
    const failed = await runCli(["eval", "nowhere", "--data", folder, "--progress", "json"]);
    assert.equal(failed.code, 1);
    assert.match(JSON.parse(failed.stderr).said, /^secateur: .*nowhere/);
  });
});

Deno.test("the files of the example are as the schemas say, and others are not", async () => {
  const example = join(projectFolder, "cli/example");
  validate("files/budget", await readJson(example, "budget.json"));
  validate("files/sweep-plan", await readJson(example, "sweep.json"));
  assert.throws(() => validate("files/budget", { weight: 3 }), /additional properties/);
  const { code } = await runCli(["check", exampleModel, "--budget", "cli/example/sweep.json"]);
  assert.equal(code, 1);
});
