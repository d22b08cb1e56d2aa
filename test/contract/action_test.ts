import assert from "node:assert/strict";
import { join } from "node:path";
import { parse } from "yaml";
import project from "../../deno.json" with { type: "json" };
import { inTempFolder, quickPruning, writeSmallData } from "../cli/fixtures.ts";
import { exampleModel, projectFolder } from "../cli/run_cli.ts";
import { testWith } from "../support/programs.ts";

const action = parse(await Deno.readTextFile(join(projectFolder, "action.yml")));
const [step] = action.runs.steps;

/** How the step starts the command line: from the source, in place of the package. */
const SECATEUR = [
  ...[Deno.execPath(), "run", "--quiet", "--no-prompt", "--allow-read", "--allow-write"],
  join(projectFolder, "cli/main.ts"),
].join(" ");

/** Does the step as a runner would, and gives how it ended and what it wrote. */
async function doStep(folder: string, inputs: Record<string, string>) {
  const [summary, output] = ["summary", "output"].map((name) => join(folder, name));
  const script = step.run.match(/^node "\$GITHUB_ACTION_PATH\/(.*)"$/)[1];
  const env = Object.fromEntries(
    Object.entries<string>(step.env).map(([variable, value]) => {
      const input = value.match(/^\$\{\{ inputs\.(\w+) \}\}$/)![1];
      return [variable, inputs[input] ?? action.inputs[input].default ?? ""];
    }),
  );
  const { code, stderr } = await new Deno.Command("node", {
    args: [join(projectFolder, script)],
    cwd: projectFolder,
    env: { ...env, SECATEUR, GITHUB_STEP_SUMMARY: summary, GITHUB_OUTPUT: output },
  }).output();
  const read = (file: string) => Deno.readTextFile(file).catch(() => "");
  return {
    code,
    said: new TextDecoder().decode(stderr),
    summary: await read(summary),
    output: await read(output),
  };
}

testWith("node")("the action prunes, and draws what every layer keeps", async () => {
  await inTempFolder(async (folder) => {
    const data = join(folder, "data");
    await writeSmallData(data);
    const options = ["--prune-option", "uniform", ...quickPruning];
    const inputs = { model: exampleModel, data, out: join(folder, "smaller") };
    const { code, said, summary, output } = await doStep(folder, {
      ...inputs,
      arguments: options.join(" "),
    });
    assert.equal(code, 0, said);
    assert.match(summary, /^\| multiply-accumulates \| 9,\d{3},\d{3} \| [\d,]+ \|$/m);
    assert.match(summary, /^\| accuracy \| [\d.]+ % \| [\d.]+ % \|$/m);
    assert.match(summary, /^ {2}x-axis \["\w+"(, "\w+")*\]$/m);
    assert.match(summary, /^ {2}bar \[\d+(, \d+)*\]$/m);
    const report = JSON.parse(output.match(/^report=(.*)$/m)![1]);
    assert.equal(report.out, inputs.out);
  });
});

testWith("node")("what stands between quotes among the arguments is one word", async () => {
  await inTempFolder(async (folder) => {
    const out = join(folder, "a smaller one");
    const inputs = { model: exampleModel, arguments: `--force --out "${out}"` };
    const { code, said, output } = await doStep(folder, inputs);
    assert.equal(code, 0, said);
    assert.equal(JSON.parse(output.match(/^report=(.*)$/m)![1]).out, out);
  });
});

testWith("node")("where outputs are compared, the table has their error", async () => {
  await inTempFolder(async (folder) => {
    const data = join(folder, "data");
    await writeSmallData(data);
    const options = ["--no-labels", "--prune-option", "uniform", ...quickPruning];
    const inputs = { model: exampleModel, data, out: join(folder, "smaller") };
    const { code, said, summary } = await doStep(folder, {
      ...inputs,
      arguments: options.join(" "),
    });
    assert.equal(code, 0, said);
    assert.match(summary, /^\| relative error of the outputs \| [\d.]+ % \| [\d.]+ % \|$/m);
  });
});

testWith("node")("the action fails on the budget, and says what is too large", async () => {
  await inTempFolder(async (folder) => {
    const budget = join(folder, "budget.json");
    await Deno.writeTextFile(budget, JSON.stringify({ macs: 1e6, params: 1e6 }));
    const { code, summary } = await doStep(folder, { model: exampleModel, budget });
    assert.equal(code, 1);
    assert.match(summary, /: outside its budget$/m);
    assert.match(summary, /^\| ✗ \| macs: .* \| 9,\d{3},\d{3} \| at most 1,000,000 \|$/m);
    assert.match(summary, /^\| ✓ \| params: /m);
  });
});

Deno.test("the action starts this version of the package", () => {
  assert.equal(action.inputs.secateur.default, `npx --yes secateur@${project.version}`);
});
