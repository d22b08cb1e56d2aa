/**
 * Runs the tests, and says in the last line what was skipped for want of which programs. `deno task test` runs it, with
 * arguments of `deno test`; without a file or folder among them, it runs all tests: those of the command line in one
 * process, all others beside them in another, whose output follows at the end. Types are looked at by `deno task check`:
 * here every thread with a script of its own would wait seconds for that.
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

/** Which files each process is given, by arguments of `deno test`, where the arguments name no file. */
function defaultFiles(isForPrograms: boolean): string[][] {
  if (isForPrograms) {
    return [listTestFiles(FOLDER).filter((file) => reaches(file, PROGRAMS_MODULE))];
  }
  const ofCommands = join(FOLDER, "cli");
  return [[ofCommands], [`--ignore=${ofCommands}`, FOLDER]];
}

interface Outcome {
  readonly code: number;
  readonly report: string;
}

/** Runs `deno test`. What it prints is seen at once, or else when `until` is settled. */
async function runTests(args: readonly string[], until?: Promise<unknown>): Promise<Outcome> {
  const report = await Deno.makeTempFile({ suffix: ".xml" });
  try {
    const command = new Deno.Command(Deno.execPath(), {
      args: [
        ...["test", "--quiet", "--no-prompt", "--no-check", ...permissions()],
        ...[`--junit-path=${report}`, ...args],
      ],
      stdout: until ? "piped" : "inherit",
      stderr: until ? "piped" : "inherit",
    });
    const { code } = until ? await print(command.output(), until) : await command.spawn().status;
    return { code, report: await Deno.readTextFile(report) };
  } finally {
    await Deno.remove(report);
  }
}

async function print(output: Promise<Deno.CommandOutput>, until: Promise<unknown>) {
  const [{ code, stdout, stderr }] = await Promise.all([output, until]);
  for (const [stream, bytes] of [[Deno.stdout, stdout], [Deno.stderr, stderr]] as const) {
    for (let at = 0; at < bytes.length;) at += stream.writeSync(bytes.subarray(at));
  }
  return { code };
}

async function run(args: readonly string[]): Promise<number> {
  const isForPrograms = args[0] === "--programs";
  const given = isForPrograms ? args.slice(1) : args;
  const [first, ...others] = given.some((argument) => existsSync(argument))
    ? [[]]
    : defaultFiles(isForPrograms);
  const seen = runTests([...given, ...first]);
  const outcomes = await Promise.all([
    seen,
    ...others.map((files) => runTests([...given, ...files], seen)),
  ]);
  const skipped = describeSkipped(outcomes.map(({ report }) => report).join("\n"));
  if (skipped) console.log(skipped);
  return Math.max(...outcomes.map(({ code }) => code));
}

Deno.exit(await run(Deno.args));
