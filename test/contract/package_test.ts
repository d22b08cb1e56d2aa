import assert from "node:assert/strict";
import { cp } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { checkPackage, createPackageFromTarballData } from "@arethetypeswrong/core";
import { publint } from "publint";
import { formatMessage } from "publint/utils";
import project from "../../deno.json" with { type: "json" };
import { findPackage } from "../../src/runtimes/installed_package.ts";
import { listNames } from "../cli/fixtures.ts";
import { projectFolder } from "../cli/run_cli.ts";
import { validate } from "../cli/schemas.ts";
import { targetsOf } from "../docs/documents.ts";
import { putBuilt } from "../support/built.ts";
import { runChild } from "../support/children.ts";
import { findProgram, testWith } from "../support/programs.ts";
import { type Engine, ENGINES, OTHER_NODES } from "./engines.ts";
import { figuresOfCommands, figuresOfLibrary, type RunCommand } from "./figures.ts";
import { assertAlike, openSubject, type Subject } from "./subject.ts";

/** What the package may be as large as once it is packed: 6 MB. */
const MOST_BYTES = 6e6;

/** What `--help` may load of it: 150 kB; TensorFlow.js alone is ten times as large. */
const MOST_HELP_BYTES = 150e3;

/** Threads of the pruning. */
const WORKERS = 2;

/** What the package has, beside what its code is split into. */
const FILES = [
  "CHANGELOG.md",
  "LICENSE",
  "README.md",
  "docs/cli.md",
  "example/budget.json",
  "example/fashion-mnist/LICENSE",
  "example/fashion-mnist/train-images-idx3-ubyte.gz",
  "example/resnet8-fashion-mnist/model.json",
  "lib/browser.d.ts",
  "lib/browser.js",
  "lib/index.d.ts",
  "lib/index.js",
  "lib/secateur.js",
  "package.json",
  "schemas/commands/prune.json",
  "schemas/files/report.json",
];

/** What lies in a folder of its own. */
const FOLDERS =
  /^(?:docs\/[\w.]+|example\/[\w./-]+|lib\/[\w.-]+\.(?:js|d\.ts)|schemas\/[\w/-]+\.json)$/;

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
/** The folder that the package is made in, that of somebody who has installed it, and the package in there. */
let [made, home, installed]: string[] = [];
/** What npm says of what it has packed. */
let packed: { filename: string; size: number; files: { path: string }[] };

const NEEDED = ["node", "npm"] as const;
const testPackage = testWith(...NEEDED);

Deno.test.beforeAll(async () => {
  if (NEEDED.some((program) => findProgram(program) === undefined)) return;
  subject = await openSubject();
  const { folder } = subject;
  [made, home, installed] = ["made", "home", "home/node_modules/secateur"]
    .map((name) => join(folder, name));
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
  const paths = packed.files.map(({ path }) => path);
  assert.deepEqual(FILES.filter((path) => !paths.includes(path)), []);
  assert.deepEqual(paths.filter((path) => !FILES.includes(path) && !FOLDERS.test(path)), []);
  assert.ok(packed.size < MOST_BYTES, `${packed.size} bytes`);
  const { name, version, dependencies, scripts } = JSON.parse(
    await Deno.readTextFile(join(installed, "package.json")),
  );
  assert.deepEqual({ name, version }, { name: "secateur", version: project.version });
  assert.deepEqual({ dependencies, scripts }, { dependencies: undefined, scripts: undefined });
  for (const types of FILES.filter((file) => file.endsWith(".d.ts"))) {
    assert.doesNotMatch(
      await Deno.readTextFile(join(made, types)),
      /^import |\bimport\(|file:\/\//m,
    );
  }
});

testPackage("publint and arethetypeswrong find nothing", async () => {
  const { messages } = await publint({ pkgDir: installed, level: "suggestion", pack: false });
  assert.deepEqual(messages.map((message) => formatMessage(message, {})), []);
  const bytes = await Deno.readFile(join(subject.folder, packed.filename));
  const analysis = await checkPackage(createPackageFromTarballData(bytes));
  assert.ok(analysis.types);
  // The package has ES modules alone: Node's require and the resolution of Node 10 are not its concern.
  const problems = analysis.problems.filter((problem) =>
    !("resolutionKind" in problem) || ["node16-esm", "bundler"].includes(problem.resolutionKind)
  );
  assert.deepEqual(problems, []);
});

testPackage("npm would publish it", async () => {
  const npm = ["npm", `--cache=${join(subject.folder, "cache")}`, "--offline"];
  const said = await runChild([...npm, "publish", "--dry-run", "--json"], made);
  const { secateur: described } = JSON.parse(said);
  assert.equal(described.id, `secateur@${project.version}`);
});

testPackage("its papers lead to its own files, and name the commands that it brings", async () => {
  const papers = packed.files.map(({ path }) => path).filter((path) => path.endsWith(".md"));
  assert.ok(papers.length > 10);
  for (const path of papers) {
    const text = await Deno.readTextFile(join(installed, path));
    assert.doesNotMatch(
      text,
      /^ +(?:\S+=\S+ )?deno task (?:secateur|remote|demo)|cli\/example/m,
      path,
    );
    for (const target of targetsOf(text)) {
      const [file] = target.split("#");
      const place = join(installed, dirname(path), file);
      assert.ok(file === "" || await Deno.stat(place).catch(() => false), `${path}: ${target}`);
    }
  }
});

for (const { name, programs, command } of [...ENGINES, ...OTHER_NODES]) {
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
    const greeting = await runChild(start, home);
    const [, paper] = /(\S+browser\.md)$/.exec(greeting.trimEnd())!;
    assert.ok((await Deno.stat(join(home, paper))).isFile);
  },
);

/** Runtimes that somebody may install beside it: the package, what is imported of it, and what that needs. */
const RUNTIME_PACKAGES = {
  "onnxruntime-web": { name: "onnxruntime-web", part: "onnxruntime-web/wasm", needs: [] },
  litert: { name: "@litertjs/core", part: "@litertjs/core", needs: ["@litertjs/wasm-utils"] },
} as const;

testPackage("the installed command line measures on the runtimes that are installed", async () => {
  const [node, script] = ["node", join(installed, "lib/secateur.js")];
  const measure = ["bench", subject.model, "--rounds", "1", "--json", "--runtime"];
  const install = (name: string, folder: string) =>
    cp(folder, join(home, "node_modules", name), { recursive: true });
  for (const [runtime, { name, part, needs }] of Object.entries(RUNTIME_PACKAGES)) {
    await assert.rejects(
      runChild([node, script, ...measure, runtime], home),
      (error: Error) => error.message.includes(`; npm install ${name}, or in Deno`),
    );
    const { entry, folder } = findPackage(name, part);
    await install(name, folder);
    for (const need of needs) {
      await install(need, dirname(dirname(createRequire(entry).resolve(need))));
    }
  }
  const names = ["tfjs-wasm", "secateur", ...Object.keys(RUNTIME_PACKAGES)];
  const printed = await runChild([node, script, ...measure, names.join()], home);
  const { runtimes, models: [{ latency }] } = JSON.parse(printed);
  assert.deepEqual(runtimes.map(({ name }: { name: string }) => name), names);
  for (const name of names) assert.ok(latency[name].median > 0, name);
});

/** How each engine starts the command line of an installed package, and what the help says to be typed. */
const STARTS: readonly (Pick<Engine, "name" | "programs" | "command"> & { shown: string })[] = [
  {
    name: "Deno",
    programs: [],
    command: [
      ...[Deno.execPath(), "run", "--quiet", "--no-prompt", "--node-modules-dir=manual"],
      ...["--allow-read", "--allow-write", "npm:secateur"],
    ],
    shown: "deno run --allow-read --allow-write npm:secateur",
  },
  {
    name: "Bun",
    programs: ["bun"],
    command: ["bun", "x", "--bun", "--no-install", "secateur"],
    shown: "bunx --bun secateur",
  },
];

for (const { name, programs, command, shown } of STARTS) {
  testWith(...NEEDED, ...programs)(`${name} starts the installed command line`, async () => {
    const help = await runChild([...command, "eval", "--help"], home);
    assert.ok(help.includes(`\n  ${shown} eval MODEL --data DATA\n`), help);
    const printed = await runChild([...command, "inspect", subject.model, "--json"], home);
    assert.equal(JSON.parse(printed).macs, subject.wanted.model.macs);
  });
}

/** Files of the package that are loaded with some, by imports that do not wait. */
function loadedWith(files: readonly string[]): Set<string> {
  const loaded = new Set<string>();
  const waiting = [...files];
  for (let file = waiting.pop(); file !== undefined; file = waiting.pop()) {
    if (loaded.has(file)) continue;
    loaded.add(file);
    const text = Deno.readTextFileSync(join(installed, "lib", file));
    waiting.push(
      ...Array.from(text.matchAll(/\b(?:from|import) ?"\.\/([^"]+)"/g), ([, name]) => name),
    );
  }
  return loaded;
}

testPackage("what the help needs is loaded alone", () => {
  const lib = Array.from(Deno.readDirSync(join(installed, "lib")), ({ name }) => name);
  const main = lib.filter((name) => name.startsWith("main-"));
  assert.equal(main.length, 1);
  const sizes = Array.from(
    loadedWith(["secateur.js", ...main]),
    (name) => Deno.statSync(join(installed, "lib", name)).size,
  );
  const bytes = sizes.reduce((sum, size) => sum + size);
  assert.ok(bytes < MOST_HELP_BYTES, `${bytes} bytes`);
});

testPackage("the demo runs from the package, and writes nothing", async () => {
  const start = ["npm", "exec", "--offline", "--", "secateur", "demo", "--json"];
  const before = await listNames(home);
  const report = JSON.parse(await runChild(start, home));
  assert.deepEqual(await listNames(home), before);
  validate("commands/demo", report);
  const { macs, accuracy, images, folded, latency } = report;
  assert.ok(macs.after <= macs.before / 2);
  assert.ok(accuracy.after > 0.8, `${accuracy.after}`);
  assert.ok(accuracy.after > accuracy.before - 0.1, `${accuracy.before} to ${accuracy.after}`);
  assert.ok(latency.after.median > 0);
  assert.ok(folded.after < folded.before);
  assert.deepEqual(images.test, 1000);
});

testPackage("the installed types hold", async () => {
  await Deno.writeTextFile(join(home, "typed.ts"), TYPED);
  await runChild([Deno.execPath(), "check", "--quiet", "typed.ts"], home);
});

testWith(...NEEDED, "chromium")("the installed core gives the figures in Chromium", async () => {
  const { model, data, wanted } = subject;
  const script = [Deno.execPath(), "run", "--quiet", "--allow-all", "test/contract/in_chromium.ts"];
  const core = join(installed, "lib/browser.js");
  assertAlike(JSON.parse(await runChild([...script, core, model, data], projectFolder)), wanted);
});
