import assert from "node:assert/strict";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { runShell } from "../../../cli/shell/shell_session.ts";
import { completeShell } from "../../../cli/shell/shell_completion.ts";
import { createShellCommands } from "../../../cli/shell/shell_commands.ts";
import { startBackend, Workbench } from "../../../src/mod.ts";
import { noisyNetwork, withNoise } from "../../support/noise.ts";
import { inTempFolder, quickSampling, writeFile, writeSmallData } from "../fixtures.ts";
import { exampleModel, pipeToCli, projectFolder, runJson } from "../run_cli.ts";
import { validate } from "../schemas.ts";

await startBackend();

function shellArguments(data: string, ...more: string[]): string[] {
  return ["shell", exampleModel, "--data", data, "--effort", "quick", ...quickSampling, ...more];
}

Deno.test("a session from a pipe answers, and saves a list and the model that prune makes of it", async () => {
  await inTempFolder(async (folder) => {
    const data = join(folder, "data");
    const [list, saved, pruned] = ["ratio.list", "saved", "pruned"].map((n) => join(folder, n));
    await writeSmallData(data);
    const commands = [
      ...["keep stage2_block1_conv2 0.4", "keep all 0.5", "undo", "redo", "show", "eval 16"],
      ...[`save list ${list}`, "budget 0.6", "reset", `load ${list}`, `save ${saved}`, "exit"],
    ];
    const { code, stdout, stderr } = await pipeToCli(commands, shellArguments(data));
    assert.equal(code, 0, stderr);
    assert.match(
      stdout,
      /^stage2_block1_conv2 keeps 13 of 32 channels and loses \d+\.\d\d % of its output$/m,
    );
    assert.match(stdout, /^MACs {8}9\.55 M -> 7\.94 M \(83\.15 %\)$/m);
    assert.match(stdout, /^ {4}1 {2}conv1 .*whole: it reads image, an input of the$/m);
    assert.match(stdout, /^accuracy .* -> .* %$/m);
    assert.match(stdout, /^budget {6}(59\.\d\d|60\.00) % of the MACs kept/m);
    assert.ok(stdout.includes(`written to ${saved}\n`));
    assert.ok(!stderr.includes("not saved"), stderr);

    const files = ["--prune-option", "list", "--prune-list-file", list, "--out", pruned];
    const wanted = await runJson([
      "prune",
      ...[exampleModel, "--data", data, ...quickSampling, ...files],
    ]);
    assert.deepEqual(
      await Deno.readFile(join(saved, "group1-shard1of1.bin")),
      await Deno.readFile(join(pruned, "group1-shard1of1.bin")),
    );
    const { userDefinedMetadata: { secateur } } = JSON.parse(
      await Deno.readTextFile(join(saved, "model.json")),
    );
    assert.deepEqual(secateur.macs, wanted.macs);
    assert.equal(secateur.ratios, (await Deno.readTextFile(list)).trim());
  });
});

Deno.test("a session writes models in the format and with the kernels that it was begun with", async () => {
  await inTempFolder(async (folder) => {
    const [data, saved] = [join(folder, "data"), join(folder, "saved")];
    await writeSmallData(data);
    const written = ["--format", "graph", "--quantize", "uint8"];
    const { code, stderr } = await pipeToCli([`save ${saved}`], shellArguments(data, ...written));
    assert.equal(code, 0, stderr);
    const { format, weightsManifest } = JSON.parse(
      await Deno.readTextFile(join(saved, "model.json")),
    );
    assert.equal(format, "graph-model");
    const weights = weightsManifest.flatMap((group: { weights: [] }) => group.weights);
    assert.ok(
      weights.some(({ quantization }: { quantization?: { dtype: string } }) =>
        quantization?.dtype === "uint8"
      ),
    );
  });
});

Deno.test("with --json a session prints an object for each command", async () => {
  await inTempFolder(async (folder) => {
    const [data, statistics] = [join(folder, "data"), join(folder, "statistics")];
    await writeSmallData(data);
    const saved = [`save list ${join(folder, "list")}`, `save ${join(folder, "saved")}`];
    const commands = [
      "keep stage1* 0.5",
      "show",
      "undo",
      "redo",
      "budget 0.6",
      "eval 16",
      ...saved,
    ];
    const args = shellArguments(data, "--json", "--shared", "couple", "--statistics", statistics);
    const { code, stdout, stderr } = await pipeToCli(commands, args);
    assert.equal(code, 0, stderr);
    const lines = stdout.trim().split("\n").map((line) => JSON.parse(line));
    assert.equal(lines.length, commands.length);
    for (const line of lines) validate("commands/shell", line);
    const [kept, shown, undone] = lines;
    assert.ok(kept.layers.length > 0 && kept.layers.length < shown.layers.length);
    assert.deepEqual(kept.cost, shown.cost);
    assert.ok(kept.cost.macs.after < undone.cost.macs.after);
    assert.equal(undone.ratios, new Array(10).fill(1).join(","));
    assert.ok((await Deno.stat(statistics)).isFile);
  });
});

for (
  const [line, message] of [
    ["keep stage2_block1_conv3 0.5", /nearest names are stage2_block1_conv1, stage2_block1_conv2/],
    [
      "keep all half",
      /^secateur: reading "half": wanted a number above 0 and at most 1; give such a share$/m,
    ],
    ["kep all 0.5", /the nearest is `keep`; there are keep, budget, show, list, eval, undo/],
    ["load no-such.list", /reading the ratio list no-such.list: found no such file/],
    [
      "save cli",
      /^secateur: writing cli: found it there already, wanted a new folder; .* with @force$/m,
    ],
    [
      "budget 0.001",
      /^secateur: choosing channel counts: found .*; give the share 0\.\d+ or more$/m,
    ],
    [
      "eval -3",
      /^secateur: reading "-3": wanted a whole number of images of at least 1; give one, or none$/m,
    ],
  ] as const
) {
  Deno.test(`a pipe ends at \`${line}\` with exit code 1, and what is not saved is said`, async () => {
    await inTempFolder(async (folder) => {
      await writeSmallData(folder);
      const commands = ["keep stage3_block1_conv1 0.5", line, "reset"];
      const { code, stderr } = await pipeToCli(commands, shellArguments(folder));
      assert.equal(code, 1);
      assert.match(stderr, message);
      assert.match(stderr, /^not saved; .*:\n1,1,1,1,1,1,1,1,0\.5,1$/m);
      assert.ok(!stderr.includes("    at "), "no stack");
    });
  });
}

Deno.test(
  "a terminal warns before counts are lost, and says them when it is closed",
  withNoise(async (data) => {
    const model = await noisyNetwork("preActivation");
    for (const isClosed of [false, true]) {
      const workbench = await Workbench.open({
        model,
        data,
        batches: 4,
        batchSize: 25,
        workers: 1,
      });
      const [input, output] = [new PassThrough(), new PassThrough()];
      output.resume();
      const notes: string[] = [];
      const answers: string[] = [];
      const session = runShell(workbench, {
        input,
        output,
        isTerminal: true,
        print: (_report, text) => answers.push(text),
        note: (text) => notes.push(text),
      });
      input.write("keep block2_conv2 0.5\r");
      input.write(isClosed ? "undo\rredo\r\x04" : "exit\rexit\r");
      await session;
      assert.match(answers[0], /^block2_conv2 keeps 4 of 8 channels and loses/);
      const [greeting, ...others] = notes;
      assert.match(
        greeting,
        /^pre_activation: \d+ convolutions and Dense layers, .* MACs; type help$/,
      );
      assert.match(others.at(-1)!, /^not saved; `load` reads these ratios from a file:\n[\d.,]+$/);
      assert.equal(others.length, isClosed ? 1 : 2);
      if (!isClosed) {
        assert.match(others[0], /`save list FILE` keeps the ratios; exit again leaves/);
      }
      await workbench.close();
    }
  }),
);

Deno.test("words are completed: commands, layers, files", async () => {
  await inTempFolder(async (folder) => {
    await writeFile(join(folder, "a.list"), new Uint8Array());
    await writeFile(join(folder, "all", "b.list"), new Uint8Array());
    const commands = createShellCommands(undefined as unknown as Workbench, () => {});
    const complete = (line: string) =>
      completeShell(line.split(" "), commands, ["conv1", "conv2", "stage"]);
    assert.deepEqual(await complete("re"), ["redo ", "reset "]);
    assert.deepEqual(await complete("h"), ["help "]);
    assert.deepEqual(await complete("help ke"), ["keep "]);
    assert.deepEqual(await complete("keep "), ["all ", "conv1 ", "conv2 ", "stage "]);
    assert.deepEqual(await complete("keep con"), ["conv1 ", "conv2 "]);
    assert.deepEqual(await complete("keep conv1 "), []);
    assert.deepEqual(await complete(`load ${folder}/a`), [`${folder}/a.list`, `${folder}/all/`]);
    assert.deepEqual(await complete(`save list ${folder}/all/`), [`${folder}/all/b.list`]);
    assert.deepEqual(await complete("save li"), ["list "]);
    assert.deepEqual(await complete("nothing x"), []);
    assert.deepEqual(await complete("load no-such-folder/"), []);
  });
});

Deno.test("neither cliffy nor TensorFlow.js is loaded for the help of the program", async () => {
  const args = ["info", "--json", "cli/main.ts"];
  const { stdout } = await new Deno.Command(Deno.execPath(), { args, cwd: projectFolder }).output();
  const { modules, roots: [root] } = JSON.parse(new TextDecoder().decode(stdout)) as {
    roots: string[];
    modules: {
      specifier: string;
      dependencies?: { isDynamic?: boolean; code?: { specifier: string } }[];
    }[];
  };
  const dependencies = new Map(modules.map((module) => [module.specifier, module.dependencies]));
  const atOnce = new Set([root]);
  for (const specifier of atOnce) {
    // What is imported for its types alone has no code.
    for (const { isDynamic, code } of dependencies.get(specifier) ?? []) {
      if (!isDynamic && code) atOnce.add(code.specifier);
    }
  }
  const loaded = [...atOnce].join("\n");
  assert.match(loaded, /commander/);
  assert.doesNotMatch(loaded, /cliffy|tensorflow|src\/mod\.ts/);
});
