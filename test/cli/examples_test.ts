import assert from "node:assert/strict";
import { join } from "node:path";
import { adaptHelp, describeInvocation } from "../../cli/output/adapt_help.ts";
import { createWholeProgram } from "../../cli/program.ts";
import { commandsOf, copyExample, helpOf, runDocumented } from "./documented_commands.ts";
import { inTempFolder, writeSmallData } from "./fixtures.ts";
import { runCli } from "./run_cli.ts";

/**
 * `demo` reads the whole example wherever it is started (a minute, and what `prune` does): test/contract/package_test.ts runs
 * it. A `worker` waits for jobs: test/cli/queue_test.ts starts some.
 */
const NOT_RUN = ["demo", "worker"];

/** Enough to hold 500 images out, as the examples do, and to take steps of 128. */
const IMAGES = { train: 700, test: 60 };

Deno.test("the examples of every `--help` work, one after the other", async (t) => {
  await inTempFolder(async (folder) => {
    await copyExample(folder, (images) => writeSmallData(images, IMAGES));
    const { commands } = await createWholeProgram();
    for (const command of commands.filter((command) => !NOT_RUN.includes(command.name()))) {
      const name = command.name();
      await t.step(name, async () => {
        const help = helpOf(command);
        const [, examples = ""] = help.split("\nExample:\n");
        const found = commandsOf(examples);
        assert.ok(found.length > 0, `no example in ${help}`);
        assert.ok(found.some(([command]) => command === name));
        for (const example of found) await runDocumented(example, folder);
      });
    }
    const { params } = JSON.parse(
      (await runCli(["inspect", join(folder, "tuned"), "--json"])).stdout,
    );
    assert.ok(
      params < 78_330,
      "the examples build on one another: the tuned model is a pruned one",
    );
  });
});

Deno.test("the help names the program as it was started, and files that are there", () => {
  const folder = join("/home", "me");
  const bundle = join(folder, "tools", "secateur.js");
  const started = [
    describeInvocation(bundle, "deno", folder),
    describeInvocation(bundle, "node", folder),
    describeInvocation(bundle, "bun", join(folder, "elsewhere")),
    describeInvocation(join(folder, "cli", "main.ts"), "deno", folder),
    describeInvocation(join(folder, "node_modules", ".bin", "secateur"), "node", folder),
    describeInvocation(join(folder, "node_modules/secateur/lib/secateur.js"), "deno", folder),
    describeInvocation(join(folder, "node_modules/secateur/lib/secateur.js"), "bun", folder),
  ];
  assert.deepEqual(started, [
    "deno run --allow-read --allow-write tools/secateur.js",
    "node tools/secateur.js",
    `bun ${bundle}`,
    "deno task secateur",
    "npx secateur",
    "deno run --allow-read --allow-write npm:secateur",
    "bunx --bun secateur",
  ]);
  const help =
    "  deno task secateur eval cli/example/resnet8-fashion-mnist --data cli/example/fashion-mnist\n";
  assert.equal(adaptHelp(help, started[1]), "  node tools/secateur.js eval MODEL --data DATA\n");
  assert.equal(adaptHelp(help, started[3]), help);
  const paper = "see docs/size.md";
  assert.equal(adaptHelp(paper, "npx secateur", "there"), `see ${join("there", "docs/size.md")}`);
  for (const start of [started[1], started[3]]) {
    assert.equal(adaptHelp(paper, start, "there"), paper);
  }
});
