import assert from "node:assert/strict";
import { join } from "node:path";
import * as source from "../../src/mod.ts";
import { runChild } from "../support/children.ts";
import { chromiumHint, findChromium } from "../support/chromium.ts";
import { inTempFolder, listNames, reportNames, writeSmallData } from "../cli/fixtures.ts";
import { exampleModel, projectFolder } from "../cli/run_cli.ts";
import { type Figures, figuresOfCommands, figuresOfLibrary, type RunCommand } from "./figures.ts";

const model = join(projectFolder, exampleModel);

/** What a bundle may be as large as: 6 MB. */
const MOST_BYTES = 6e6;

/** Largest difference of two figures, relative to the larger. */
const TOLERANCE = 1e-4;

/** Engines that run the bundle, with what they are to be told and threads of the pruning. */
const ENGINES = [
  {
    name: "Deno",
    command: [
      "deno",
      "run",
      "--no-prompt",
      "--no-remote",
      "--no-npm",
      "--allow-read",
      "--allow-write",
    ],
    workers: 2,
  },
  { name: "Node", command: ["node"], workers: 2 },
  { name: "Bun", command: ["bun"], workers: 2 },
];

/** Whether a program is there and is not too old. */
async function isUsable(program: string): Promise<boolean> {
  try {
    const { stdout } = await new Deno.Command(program, { args: ["--version"] }).output();
    const [major, minor] = new TextDecoder().decode(stdout).match(/\d+/g)!.map(Number);
    return program !== "node" || major > 20 || (major === 20 && minor >= 19);
  } catch {
    return false;
  }
}

function assertAlike(found: unknown, wanted: unknown, place = "figures"): void {
  if (typeof wanted === "number") {
    const difference = Math.abs(found as number - wanted);
    assert.ok(difference <= TOLERANCE * Math.abs(wanted), `${place}: ${found}, wanted ${wanted}`);
  } else if (typeof wanted === "object" && wanted !== null) {
    for (const [name, value] of Object.entries(wanted)) {
      if (name === "seconds") continue;
      assertAlike((found as Record<string, unknown>)[name], value, `${place}.${name}`);
    }
  } else assert.equal(found, wanted, place);
}

Deno.test("all engines give the figures that the source gives in Deno", async (t) => {
  await inTempFolder(async (folder) => {
    const [data, alone] = [join(folder, "data"), join(folder, "alone")];
    await writeSmallData(data);
    const wanted: Figures = await figuresOfLibrary(source, model, data);
    assert.ok(wanted.before.accuracy! > 0.85);
    assert.ok(wanted.pruned.params < 0.9 * wanted.model.params);
    assert.ok(wanted.pruned.macs < 0.7 * wanted.model.macs);
    assert.equal(wanted.after.accuracy, wanted.pruned.accuracy);
    await runChild(
      ["deno", "run", "--quiet", "--allow-all", "bundle/build.ts", alone],
      projectFolder,
    );

    await t.step("the bundles are small, and that for browsers needs nothing", async () => {
      for (const name of ["secateur.js", "secateur.browser.js"]) {
        const text = await Deno.readTextFile(join(alone, name));
        assert.ok(text.length < MOST_BYTES, `${name}: ${text.length} characters`);
        assert.doesNotMatch(text, /InferenceSession/, "onnxruntime-web is for tests alone");
        if (name.includes("browser")) assert.doesNotMatch(text, /\bfrom ?"|\bimport ?"|"node:/);
      }
    });

    for (const { name, command, workers } of ENGINES) {
      const started = command[0] === "deno"
        ? "deno run --allow-read --allow-write secateur.js"
        : `${command[0]} secateur.js`;
      const ignore = !await isUsable(command[0]);
      const hint = ignore ? ` (skipped: no ${command[0]} that is new enough)` : "";
      await t.step({
        name: `the command line as one file in ${name}${hint}`,
        ignore,
        fn: async () => {
          const run: RunCommand = async (...args) =>
            JSON.parse(await runChild([...command, "secateur.js", ...args, "--json"], alone));
          const out = `smaller-${name}`;
          assertAlike(await figuresOfCommands(run, model, data, out, workers), wanted);
          const names = await listNames(join(alone, out));
          assert.ok(reportNames.every((report) => names.includes(report)), names.join());
          const help = await runChild([...command, "secateur.js", "eval", "--help"], alone);
          assert.ok(help.includes(`\n  ${started} eval MODEL --data DATA\n`), help);
          const script = await runChild([...command, "secateur.js", "completions", "bash"], alone);
          assert.match(script, /complete -F _secateur secateur/);
          const session = await runChild(
            [
              ...[...command, "secateur.js", "shell", model, "--data", data, "--json"],
              ...["--nb-batches", "1", "--batch-size", "64", "--workers", "1"],
            ],
            alone,
            "keep all 0.5\n",
          );
          const { cost } = JSON.parse(session);
          assertAlike(cost.macs, { before: wanted.model.macs, after: wanted.pruned.macs });
        },
      });
    }

    const chromium = await findChromium();
    await t.step({
      name: `the core in Chromium${chromiumHint(chromium)}`,
      ignore: chromium === undefined,
      fn: async () => {
        const script = ["deno", "run", "--quiet", "--allow-all", "test/contract/in_chromium.ts"];
        const bundle = join(alone, "secateur.browser.js");
        const printed = await runChild([...script, chromium!, bundle, model, data], projectFolder);
        assertAlike(JSON.parse(printed), wanted);
      },
    });
  });
});
