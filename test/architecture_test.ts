import assert from "node:assert/strict";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../", import.meta.url));

/**
 * The rooms of `src`, from roof to ground. A file imports its own room and rooms below it, by their `mod.ts`. Rooms inside a
 * room stand in such an order too; those that are not named here may import one another, without circles.
 */
const ORDER: readonly Room[] = [
  "api",
  "report",
  "distributed",
  { pruning: ["ratios", "repair", "statistics", "policy", "selection"] },
  "tuning",
  { session: ["workers"] },
  { execution: ["training", "calibration", "forward"] },
  "cost",
  "runtimes",
  { graph: ["comparison", "folding", "cuts", "channels", "opening"] },
  "data",
  { formats: ["keras", "onnx", "tflite", "graph_model", "import", "export", "tfjs"] },
  "model",
  "kernels",
  "base",
];

type Room = string | Readonly<Record<string, readonly string[]>>;

/** The doors of `src`: they alone lie loose in it, and may import every room. */
const DOORS = ["src/browser.ts", "src/mod.ts", "src/thread.ts"];

/** Who looks at the library from outside, and the one file of `src` that each may import. */
const FACES: Readonly<Record<string, string>> = { cli: "src/mod.ts", page: "src/browser.ts" };

/** What a file of `src` may import from elsewhere: the version, and the kernels' bytes. */
const isDescription = (file: string) => file === "deno.json" || file.startsWith("build/");

async function sourceFiles(folder: string): Promise<string[]> {
  const files: string[] = [];
  for await (const entry of Deno.readDir(join(ROOT, folder))) {
    const path = join(folder, entry.name);
    if (entry.isDirectory) files.push(...await sourceFiles(path));
    else if (/\.tsx?$/.test(entry.name)) files.push(path);
  }
  return files;
}

/** Project files that a file imports or re-exports, types and later loads included, relative to the root. */
async function importsOf(file: string): Promise<string[]> {
  const text = await Deno.readTextFile(join(ROOT, file));
  const statements = text.matchAll(/(?:\bfrom|\bimport)\s*\(?\s*"(\.{1,2}\/[^"]+)"/g);
  return [...statements].map(([, path]) => relative(ROOT, join(ROOT, dirname(file), path)));
}

const nameOf = (room: Room) => typeof room === "string" ? room : Object.keys(room)[0];
const innerRooms = (room: Room) => typeof room === "string" ? [] : Object.values(room)[0];

/** The order of rooms that stand in one folder, by that folder. */
const ORDERS: ReadonlyMap<string, readonly string[]> = new Map([
  ["src", ORDER.map(nameOf)],
  ...ORDER.map((room): [string, readonly string[]] => [`src/${nameOf(room)}`, innerRooms(room)]),
]);

/** The folders that a file is in, from `src` down, each with what it is in there. */
function* placesOf(file: string): Generator<[folder: string, name: string]> {
  const parts = file.split("/");
  for (let depth = 1; depth < parts.length; depth++) {
    yield [parts.slice(0, depth).join("/"), parts[depth]];
  }
}

Deno.test("the order names every room of src, and nothing but the three doors lies loose in it", async () => {
  const files = await sourceFiles("src");
  const loose = files.filter((file) => file.split("/").length === 2);
  assert.deepEqual(loose.sort(), DOORS);
  const rooms = new Set(
    files.filter((file) => !loose.includes(file)).map((file) => file.split("/")[1]),
  );
  assert.deepEqual([...rooms].sort(), [...ORDERS.get("src")!].sort());
  for (const [folder, names] of ORDERS) {
    for (const name of names) {
      assert.ok(files.some((file) => file.startsWith(`${folder}/${name}/`)), `${folder}/${name}`);
    }
  }
});

Deno.test("a file of src imports its own room and rooms below it", async () => {
  for (const file of await sourceFiles("src")) {
    if (DOORS.includes(file)) continue;
    for (const target of await importsOf(file)) {
      if (isDescription(target)) continue;
      assert.ok(target.startsWith("src/") && !DOORS.includes(target), `${file} imports ${target}`);
      const own = new Map(placesOf(file));
      const [folder, name] = [...placesOf(target)].find(([folder, name]) =>
        own.get(folder) !== name
      ) ?? [];
      const order = ORDERS.get(folder!) ?? [];
      const [from, to] = [order.indexOf(own.get(folder!)!), order.indexOf(name!)];
      assert.ok(from < 0 || to < 0 || from < to, `${file} imports ${target}, which is above it`);
    }
  }
});

Deno.test("a folder with a mod.ts is entered by it, and nothing in it imports its own mod.ts", async () => {
  const files = await sourceFiles("src");
  const closed = new Set(files.filter((file) => file.endsWith("/mod.ts")).map(dirname));
  closed.delete("src");
  for (const file of files) {
    for (const target of await importsOf(file)) {
      const outermost = [...placesOf(target)].map(([folder]) => folder)
        .find((folder) => closed.has(folder) && !file.startsWith(`${folder}/`));
      const wanted = outermost === undefined ? target : `${outermost}/mod.ts`;
      assert.equal(target, wanted, `imported by ${file}`);
      const isOwnDoor = target.endsWith("/mod.ts") && file.startsWith(`${dirname(target)}/`);
      assert.ok(!isOwnDoor || dirname(target) === "src", `${file} imports its own door`);
    }
  }
});

Deno.test("doors list the names that they let through", async () => {
  for (const file of [...await sourceFiles("src"), ...await sourceFiles("cli")]) {
    const text = await Deno.readTextFile(join(ROOT, file));
    assert.doesNotMatch(text, /^export \*/m, file);
  }
});

Deno.test("no file imports itself by way of others, not even its types", async () => {
  const folders = ["src", "cli", "page", "bench", "bundle", "assembly", "test"];
  const files = (await Promise.all(folders.map(sourceFiles))).flat();
  const imports = new Map<string, string[]>();
  for (const file of files) imports.set(file, await importsOf(file));
  const finished = new Set<string>();
  const search = (file: string, path: readonly string[]): void => {
    const start = path.indexOf(file);
    assert.ok(start < 0, `a circle: ${[...path.slice(start), file].join(" > ")}`);
    if (finished.has(file)) return;
    for (const target of imports.get(file) ?? []) search(target, [...path, file]);
    finished.add(file);
  };
  for (const file of files) search(file, []);
});

for (const [face, door] of Object.entries(FACES)) {
  Deno.test(`${face} imports itself and ${door} alone`, async () => {
    for (const file of await sourceFiles(face)) {
      for (const target of await importsOf(file)) {
        const isOwn = target.startsWith(`${face}/`) || target === "deno.json";
        assert.ok(isOwn || target === door, `${file} imports ${target}`);
      }
    }
  });
}

Deno.test("no command imports another command", async () => {
  for (const file of await sourceFiles("cli")) {
    if (file === "cli/program.ts") continue;
    for (const target of await importsOf(file)) {
      assert.ok(!target.startsWith("cli/commands/"), `${file} imports ${target}`);
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
  assert.ok(reached.has("src/report/run_reports.ts"));
  const drawing = ["src/report/drawing.ts", "src/report/report_page.ts", "src/report/draw_svg.ts"];
  assert.deepEqual(drawing.filter((file) => reached.has(file)), []);
  assert.deepEqual([...reached].filter((file) => file.startsWith("cli/commands/")), []);
});

Deno.test("only memory.ts touches the memory of the WASM backend", async () => {
  for (const file of await sourceFiles("src")) {
    const text = await Deno.readTextFile(join(ROOT, file));
    const touches = /\bdataIdMap\b|\bmemoryOffset\b|\b_malloc\b/.test(text);
    assert.equal(touches, file === "src/kernels/memory.ts", file);
  }
});

Deno.test("the kernels in WebAssembly import one another alone", async () => {
  for (const file of await sourceFiles("assembly")) {
    for (const target of await importsOf(file)) {
      assert.ok(target.startsWith("assembly/"), `${file} imports ${target}`);
    }
  }
});
