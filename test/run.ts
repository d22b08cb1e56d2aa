/**
 * Runs the tests, and says in the last line what was skipped for want of which programs. `deno task test` runs it, with
 * arguments of `deno test`; without a file or folder among them, it runs all tests.
 *
 *     deno run --allow-read --allow-write --allow-env --allow-run test/run.ts [--programs] [ARGUMENT…]
 *
 * With `--programs` it runs the files of tests that start programs alone.
 *
 * @module
 */
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { describeSkipped, findProgram, PROGRAMS } from "./support/programs.ts";

const FOLDER = fileURLToPath(new URL("./", import.meta.url));
const PROGRAMS_MODULE = join(FOLDER, "support/programs.ts");

/** What the tests are allowed; of programs, Deno and those that are there. */
function permissions(): string[] {
  const programs = PROGRAMS.map(findProgram).filter((path) => path !== undefined);
  return [
    ...["--allow-read", "--allow-write", "--allow-env", "--allow-net=127.0.0.1"],
    `--allow-run=${[Deno.execPath(), ...programs].join()}`,
  ];
}

function listTestFiles(folder: string): string[] {
  return Array.from(Deno.readDirSync(folder)).flatMap(({ name, isDirectory }) => {
    const path = join(folder, name);
    if (isDirectory) return listTestFiles(path);
    return name.endsWith("_test.ts") ? [path] : [];
  }).sort();
}

/** Whether a file imports another, by way of others as it may be. */
function reaches(file: string, wanted: string, seen = new Set<string>()): boolean {
  if (file === wanted) return true;
  if (seen.has(file)) return false;
  seen.add(file);
  const imports = Deno.readTextFileSync(file)
    .matchAll(/^(?:import|export) (?!type )[^;]*from "(\.{1,2}\/[^"]+\.ts)";/gm);
  return Array.from(imports, ([, path]) => join(dirname(file), path))
    .filter((path) => path.startsWith(FOLDER))
    .some((path) => reaches(path, wanted, seen));
}

/** What is run where the arguments name no file. */
function defaultFiles(isForPrograms: boolean): string[] {
  if (!isForPrograms) return [FOLDER];
  return listTestFiles(FOLDER).filter((file) => reaches(file, PROGRAMS_MODULE));
}

async function run(args: readonly string[]): Promise<number> {
  const isForPrograms = args[0] === "--programs";
  const given = isForPrograms ? args.slice(1) : args;
  const files = given.some((argument) => existsSync(argument)) ? [] : defaultFiles(isForPrograms);
  const report = await Deno.makeTempFile({ suffix: ".xml" });
  try {
    const { code } = await new Deno.Command(Deno.execPath(), {
      args: [
        ...["test", "--quiet", "--no-prompt", ...permissions(), `--junit-path=${report}`],
        ...[...given, ...files],
      ],
    }).spawn().status;
    const skipped = describeSkipped(await Deno.readTextFile(report));
    if (skipped) console.log(skipped);
    return code;
  } finally {
    await Deno.remove(report);
  }
}

Deno.exit(await run(Deno.args));
