import { basename, dirname, join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import project from "../deno.json" with { type: "json" };
import { filesBelow } from "./files_below.ts";

const ROOT = fileURLToPath(new URL("../", import.meta.url));

/** A file's text as a module: Deno writes no declarations of code that has such imports. */
const TEXT_IMPORT = /^import (\w+) from\s+"[^"]+" with \{\s*type: "text",?\s*\};$/gm;

/** What the declarations are of, and what that imports. */
const SOURCE_FOLDERS = ["src", "build/embedded"];

/** What the compiler notes of where a module lay. */
const PLACE = /^\/\/\/ <amd-module .*\n/gm;

/** Copies the sources, without what stands in the way of their declarations. Gives their paths in the copy. */
async function copySources(copy: string): Promise<string[]> {
  const paths = SOURCE_FOLDERS.flatMap((folder) => [...filesBelow(join(ROOT, folder))])
    .filter((path) => path.endsWith(".ts")).map((path) => relative(ROOT, path));
  for (const path of paths) {
    const text = await Deno.readTextFile(join(ROOT, path));
    await Deno.mkdir(join(copy, dirname(path)), { recursive: true });
    await Deno.writeTextFile(
      join(copy, path),
      text.replace(TEXT_IMPORT, "declare const $1: string;"),
    );
  }
  const { workspace: _, ...config } = project;
  await Deno.writeTextFile(
    join(copy, "deno.json"),
    JSON.stringify({ ...config, compilerOptions: { skipLibCheck: true } }),
  );
  await Deno.copyFile(join(ROOT, "deno.lock"), join(copy, "deno.lock"));
  return paths;
}

/** Writes the declarations of every module of a copy, and gives the folder that they are in. */
async function declareModules(copy: string, paths: readonly string[]): Promise<string> {
  const types = join(copy, "types");
  const { success, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["transpile", "--quiet", "--declaration", "--outdir", types, ...paths],
    cwd: copy,
  }).output();
  if (!success) throw new Error(`declaring src: ${new TextDecoder().decode(stderr)}`);
  for (const path of paths.filter((path) => path.endsWith(".d.ts"))) {
    await Deno.copyFile(join(copy, path), join(types, path));
  }
  return types;
}

/** Joins a module's declarations and those that it needs of others. */
async function joinDeclarations(entry: string): Promise<string> {
  const [{ rollup }, { dts }] = await Promise.all([import("rollup"), import("rollup-plugin-dts")]);
  const joined = await rollup({
    input: entry,
    external: (id) => /^[^./]/.test(id),
    plugins: [{
      name: "declarations of modules",
      resolveId: (id, importer) =>
        importer && id.startsWith(".")
          ? resolve(dirname(importer), id.replace(/(\.d)?\.ts$/, ".d.ts"))
          : null,
    }, dts()],
  });
  const { output: [{ code }] } = await joined.generate({});
  await joined.close();
  const imported = code.match(/^import .*|\bimport\(.*/m);
  if (imported) throw new Error(`declaring ${basename(entry)}: found ${imported[0]}, wanted none`);
  return code.replace(PLACE, "");
}

/**
 * The type declarations of modules, each as one file that imports nothing.
 *
 * @param entries The modules, from the project's folder.
 * @returns The text of each.
 * @throws {Error} When types do not hold, or a public one belongs to another package.
 */
export async function declareTypes(entries: readonly string[]): Promise<string[]> {
  const copy = await Deno.makeTempDir();
  try {
    const types = await declareModules(copy, await copySources(copy));
    return await Promise.all(
      entries.map((entry) => joinDeclarations(join(types, entry.replace(/\.ts$/, ".d.ts")))),
    );
  } finally {
    await Deno.remove(copy, { recursive: true });
  }
}
