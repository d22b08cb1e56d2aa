import assert from "node:assert/strict";
import { join } from "node:path";
import { listNames, quickSampling, reportNames } from "../cli/fixtures.ts";
import { projectFolder } from "../cli/run_cli.ts";
import { putBuilt } from "../support/built.ts";
import { runChild } from "../support/children.ts";
import { testWith } from "../support/programs.ts";
import { ENGINES } from "./engines.ts";
import { figuresOfCommands, type RunCommand } from "./figures.ts";
import { assertAlike, openSubject, type Subject } from "./subject.ts";

/** What a bundle may be as large as: 6 MB. */
const MOST_BYTES = 6e6;

/** Threads of the pruning. */
const WORKERS = 2;

let subject: Subject;
let alone: string;

Deno.test.beforeAll(async () => {
  subject = await openSubject();
  alone = join(subject.folder, "alone");
  await putBuilt("bundles", alone);
});

Deno.test.afterAll(() => Deno.remove(subject.folder, { recursive: true }));

Deno.test("the bundles are small, and that for browsers needs nothing", async () => {
  for (const name of ["secateur.js", "secateur.browser.js"]) {
    const text = await Deno.readTextFile(join(alone, name));
    assert.ok(text.length < MOST_BYTES, `${name}: ${text.length} characters`);
    assert.doesNotMatch(text, /OrtCreateSession/, "onnxruntime-web is not bundled");
    if (name.includes("browser")) assert.doesNotMatch(text, /(?<!")\b(from|import) ?"|"node:/);
  }
});

for (const { name, programs, command, isolation = [], shown } of ENGINES) {
  testWith(...programs)(`the command line as one file gives the figures in ${name}`, async () => {
    const { model, data, wanted } = subject;
    const start = [...command, ...isolation, "secateur.js"];
    const run: RunCommand = async (...args) =>
      JSON.parse(await runChild([...start, ...args, "--json"], alone));
    const out = `smaller-${name}`;
    assertAlike(await figuresOfCommands(run, model, data, out, WORKERS), wanted);
    const names = await listNames(join(alone, out));
    assert.ok(reportNames.every((report) => names.includes(report)), names.join());
    const help = await runChild([...start, "eval", "--help"], alone);
    assert.ok(help.includes(`\n  ${shown} secateur.js eval MODEL --data DATA\n`), help);
    const script = await runChild([...start, "completions", "bash"], alone);
    assert.match(script, /complete -F _secateur secateur/);
    const session = await runChild(
      [...start, "shell", model, "--data", data, "--json", ...quickSampling],
      alone,
      "keep all 0.5\nkeep stage3_block1_conv2 1\nkeep dense 1\n",
    );
    // Uniform ratios leave the last convolution and Dense layers whole.
    const { cost } = JSON.parse(session.trim().split("\n").at(-1)!);
    assertAlike(cost.macs, { before: wanted.model.macs, after: wanted.pruned.macs });
  });
}

testWith("chromium")("the core gives the figures in Chromium", async () => {
  const { model, data, wanted } = subject;
  const script = [Deno.execPath(), "run", "--quiet", "--allow-all", "test/contract/in_chromium.ts"];
  const bundle = join(alone, "secateur.browser.js");
  const printed = await runChild([...script, bundle, model, data], projectFolder);
  assertAlike(JSON.parse(printed), wanted);
});
