import assert from "node:assert/strict";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../", import.meta.url));

/** Who may import whom below `src`; files at its top may import any room. */
const ALLOWED: Record<string, readonly string[]> = {
  kernels: [],
  model: [],
  formats: ["model", "graph_model", "keras", "onnx"],
  gate: [],
  graph: ["model"],
  graph_model: ["model", "importing"],
  cost: ["kernels", "model", "graph", "threads"],
  data: ["model"],
  keras: ["model"],
  folding: ["graph", "model"],
  forward: ["graph", "model", "folding"],
  importing: ["model"],
  calibration: ["kernels", "model", "graph", "folding", "forward"],
  selection: ["kernels"],
  policy: ["graph"],
  nets: ["model"],
  onnx: ["model", "importing"],
  page: [],
  train: ["kernels", "model", "graph"],
  threads: [],
  jobs: ["model"],
  parallel: ["threads", "kernels", "model", "graph", "data", "forward", "calibration", "train"],
  session: ["kernels", "model", "formats", "graph", "data", "forward", "parallel"],
  tuning: ["model", "graph", "data", "session", "train"],
  pruning: [
    "kernels",
    "model",
    "graph",
    "cost",
    "data",
    "forward",
    "calibration",
    "selection",
    "policy",
    "jobs",
    "parallel",
    "session",
    "tuning",
  ],
  report: ["cost", "session", "tuning", "pruning"],
  workbench: ["graph", "cost", "policy", "session", "pruning"],
  remote: [
    "threads",
    "kernels",
    "model",
    "formats",
    "graph",
    "data",
    "calibration",
    "policy",
    "jobs",
    "session",
    "pruning",
  ],
};

/** Files at the top of `src` that are doors for some rooms: the page knows the core as browsers do. */
const DOORS: Record<string, string> = { page: "src/browser.ts" };

/** Files at the top of `src` that every room may import. */
const COMMON = [
  "defaults.ts",
  "errors.ts",
  "files.ts",
  "pareto.ts",
  "random.ts",
  "turns.ts",
  "zip.ts",
];

async function sourceFiles(folder: string): Promise<string[]> {
  const files: string[] = [];
  for await (const entry of Deno.readDir(join(ROOT, folder))) {
    const path = join(folder, entry.name);
    if (entry.isDirectory) files.push(...await sourceFiles(path));
    else if (/\.tsx?$/.test(entry.name)) files.push(path);
  }
  return files;
}

/** Project files that a file imports or re-exports, relative to the root. */
async function importsOf(file: string): Promise<string[]> {
  const text = await Deno.readTextFile(join(ROOT, file));
  const statements = text.matchAll(/(?:\bfrom|\bimport)\s*\(?\s*"(\.{1,2}\/[^"]+)"/g);
  return [...statements].map(([, path]) => relative(ROOT, join(ROOT, dirname(file), path)));
}

function roomOf(file: string): string | undefined {
  const [, room, ...rest] = file.split("/");
  return rest.length > 0 ? room : undefined;
}

Deno.test("every room of src imports only the rooms it may, by their doors", async () => {
  for (const file of await sourceFiles("src")) {
    const room = roomOf(file);
    if (room === undefined) continue;
    assert.ok(room in ALLOWED, `${room} is a room without rules`);
    for (const target of await importsOf(file)) {
      if (!target.startsWith("src/")) {
        const isDescription = target === "deno.json" || target.startsWith("build/");
        assert.ok(isDescription, `${file} imports ${target}`);
        continue;
      }
      const other = roomOf(target);
      if (other === room) continue;
      const isCommon = COMMON.includes(target.slice("src/".length));
      const isDoor = target === DOORS[room] ||
        other !== undefined && ALLOWED[room].includes(other) && target === `src/${other}/mod.ts`;
      assert.ok(isCommon || isDoor, `${file} imports ${target}`);
    }
  }
});

Deno.test("the report knows types of results only, and nothing but the top of src imports it", async () => {
  for (const file of await sourceFiles("src")) {
    const text = await Deno.readTextFile(join(ROOT, file));
    const isReport = roomOf(file) === "report";
    for (const [statement, path] of text.matchAll(/^(?:import|export)[^;]*? from "([^"]+)"/gm)) {
      const room = roomOf(relative(ROOT, join(ROOT, dirname(file), path)));
      if (isReport && path.startsWith("../") && room !== "report" && room !== undefined) {
        assert.match(statement, /^import type /, `${file} imports ${path}`);
      }
      if (room === "report") assert.ok(isReport || roomOf(file) === undefined, file);
    }
  }
});

Deno.test("the report and its drawing library are loaded when a report is drawn, and not before", async () => {
  const reached = new Set(["cli/main.ts", "src/mod.ts"]);
  for (const file of reached) {
    const text = await Deno.readTextFile(join(ROOT, file));
    const statements = text.matchAll(/^(?:im|ex)port (?!type )[^;]*?"(\.{1,2}\/[^"]+\.ts)"/gm);
    for (const [, path] of statements) reached.add(relative(ROOT, join(ROOT, dirname(file), path)));
  }
  assert.ok(reached.has("src/report.ts"));
  assert.deepEqual([...reached].filter((file) => file.startsWith("src/report/")), []);
  assert.deepEqual([...reached].filter((file) => /^cli\/(prune|train)\.ts/.test(file)), []);
});

Deno.test("files at the top of src import rooms by their doors", async () => {
  for (const file of await sourceFiles("src")) {
    if (roomOf(file) !== undefined) continue;
    for (const target of await importsOf(file)) {
      const room = roomOf(target);
      assert.ok(room === undefined || target === `src/${room}/mod.ts`, `${file} imports ${target}`);
    }
  }
});

Deno.test("only memory.ts touches the memory of the WASM backend", async () => {
  for (const file of await sourceFiles("src")) {
    const text = await Deno.readTextFile(join(ROOT, file));
    const touches = /\bdataIdMap\b|\bmemoryOffset\b|\b_malloc\b/.test(text);
    assert.equal(touches, file === "src/kernels/memory.ts", file);
  }
});

Deno.test("the command line imports the public interface and its errors alone", async () => {
  for (const file of await sourceFiles("cli")) {
    for (const target of await importsOf(file)) {
      const isOwn = target.startsWith("cli/") || target === "deno.json";
      assert.ok(
        isOwn || ["src/mod.ts", "src/errors.ts"].includes(target),
        `${file} imports ${target}`,
      );
    }
  }
});

Deno.test("the kernels import kernels alone, and nothing imports cli, test, bench or bundle", async () => {
  for (const file of await sourceFiles("assembly")) {
    for (const target of await importsOf(file)) {
      assert.ok(target.startsWith("assembly/"), `${file} imports ${target}`);
    }
  }
  for (const file of await sourceFiles("src")) {
    for (const target of await importsOf(file)) {
      assert.ok(!/^(cli|test|bench|bundle)\//.test(target), `${file} imports ${target}`);
    }
  }
});
