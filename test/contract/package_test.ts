import assert from "node:assert/strict";
import { join } from "node:path";
import project from "../../deno.json" with { type: "json" };
import { projectFolder } from "../cli/run_cli.ts";
import { putBuilt } from "../support/built.ts";
import { runChild } from "../support/children.ts";
import { findProgram, testWith } from "../support/programs.ts";
import { ENGINES } from "./engines.ts";
import { figuresOfCommands, figuresOfLibrary, type RunCommand } from "./figures.ts";
import { assertAlike, openSubject, type Subject } from "./subject.ts";

/** What the package may be as large as once it is packed: 6 MB. */
const MOST_BYTES = 6e6;

/** Threads of the pruning. */
const WORKERS = 2;

/** What the package has. */
const FILES = [
  "CHANGELOG.md",
  "LICENSE",
  "README.md",
  "browser.d.ts",
  "browser.js",
  "index.d.ts",
  "index.js",
  "package.json",
  "secateur.js",
];

/** What somebody writes who has installed it: types hold what can be said, and refuse what cannot. */
const TYPED = `
import { prune, type PruneReport, saveModelFile } from "secateur";
import { prune as pruneInMemory, readModel } from "secateur/browser";

const options = { model: "model.json", data: "images" };
const { file, report } = await prune({ ...options, policy: { kind: "uniform", ratio: 0.5 } });
const { macs, seconds }: PruneReport = report;
const after: number = macs.after;
await saveModelFile("smaller", file);
// @ts-expect-error No policy is called so.
await prune({ ...options, policy: { kind: "none" } });
console.log(after, seconds, pruneInMemory, readModel);
`;

let subject: Subject;
/** The folder that the package is made in, and that of somebody who has installed it. */
let [made, home]: string[] = [];
/** What npm says of what it has packed. */
let packed: { filename: string; size: number; files: { path: string }[] };

const NEEDED = ["node", "npm"] as const;
const testPackage = testWith(...NEEDED);

Deno.test.beforeAll(async () => {
  if (NEEDED.some((program) => findProgram(program) === undefined)) return;
  subject = await openSubject();
  const { folder } = subject;
  [made, home] = ["made", "home"].map((name) => join(folder, name));
  await putBuilt("package", made);
  const npm = ["npm", `--cache=${join(folder, "cache")}`, "--offline"];
  [packed] = JSON.parse(
    await runChild([...npm, "pack", "--json", `--pack-destination=${folder}`], made),
  );
  await Deno.mkdir(home);
  await Deno.writeTextFile(join(home, "package.json"), "{}");
  await runChild([...npm, "install", join(folder, packed.filename)], home);
});

Deno.test.afterAll(async () => {
  if (subject) await Deno.remove(subject.folder, { recursive: true });
});

testPackage("the package is small, says what it is and needs no other", async () => {
  assert.deepEqual(packed.files.map(({ path }) => path).sort(), FILES);
  assert.ok(packed.size < MOST_BYTES, `${packed.size} bytes`);
  const { name, version, dependencies } = JSON.parse(
    await Deno.readTextFile(join(home, "node_modules/secateur/package.json")),
  );
  assert.deepEqual({ name, version }, { name: "secateur", version: project.version });
  assert.equal(dependencies, undefined);
  for (const types of FILES.filter((file) => file.endsWith(".d.ts"))) {
    assert.doesNotMatch(
      await Deno.readTextFile(join(made, types)),
      /^import |\bimport\(|file:\/\//m,
    );
  }
});

for (const { name, programs, command } of ENGINES) {
  testWith(...NEEDED, ...programs)(
    `the installed library gives the figures in ${name}`,
    async () => {
      const { model, data, wanted } = subject;
      const script = `figures_in_${name}.mjs`;
      const given = [model, data, WORKERS].map((value) => JSON.stringify(value)).join();
      await Deno.writeTextFile(
        join(home, script),
        `import * as secateur from "secateur";
      const figures = await (${figuresOfLibrary})(secateur, ${given});
      console.log(JSON.stringify(figures));`,
      );
      assertAlike(JSON.parse(await runChild([...command, script], home)), wanted);
    },
  );
}

testPackage(
  "the installed command line gives the figures, and says how it is started",
  async () => {
    const { model, data, wanted } = subject;
    const start = ["npm", "exec", "--offline", "--", "secateur"];
    const run: RunCommand = async (...args) =>
      JSON.parse(await runChild([...start, ...args, "--json"], home));
    assertAlike(await figuresOfCommands(run, model, data, "smaller", WORKERS), wanted);
    const help = await runChild([...start, "eval", "--help"], home);
    assert.ok(help.includes("\n  npx secateur eval MODEL --data DATA\n"), help);
  },
);

testPackage("the installed types hold", async () => {
  await Deno.writeTextFile(join(home, "typed.ts"), TYPED);
  await runChild([Deno.execPath(), "check", "--quiet", "typed.ts"], home);
});

testWith(...NEEDED, "chromium")("the installed core gives the figures in Chromium", async () => {
  const { model, data, wanted } = subject;
  const script = [Deno.execPath(), "run", "--quiet", "--allow-all", "test/contract/in_chromium.ts"];
  const core = join(home, "node_modules/secateur/browser.js");
  assertAlike(JSON.parse(await runChild([...script, core, model, data], projectFolder)), wanted);
});
