/**
 * Runs the tests, and says in the last line what was skipped for want of which programs. `deno task test` runs it, with
 * arguments of `deno test`; without a file or folder among them, it runs all tests but those of what is published, a few
 * files in a process, two processes at a time. What failed is printed behind all others. Types are looked at by
 * `deno task check`: here every thread with a script of its own would wait seconds for that.
 *
 *     deno run --allow-read --allow-write --allow-env --allow-run test/run.ts [--programs] [ARGUMENT…]
 *
 * With `--programs` it runs the files of tests that start programs alone, those of what is published among them.
 *
 * @module
 */
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { describeSkipped, findProgram, PROGRAMS } from "./support/programs.ts";

const FOLDER = fileURLToPath(new URL("./", import.meta.url));
const PROGRAMS_MODULE = join(FOLDER, "support/programs.ts");
const BUILT_MODULE = join(FOLDER, "support/built.ts");

/** How many processes run at a time. */
const PROCESSES = 2;

/** How many files a process gets at the most: so few that the last ones end together. */
const MOST_FILES = 4;

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

/** The files of each process, where the arguments name none. */
function listParts(isForPrograms: boolean): string[][] {
  const all = listTestFiles(FOLDER);
  if (isForPrograms) return [all.filter((file) => reaches(file, PROGRAMS_MODULE))];
  const files = all.filter((file) => !reaches(file, BUILT_MODULE));
  const parts = Math.ceil(files.length / MOST_FILES);
  return Array.from(
    { length: parts },
    (_, part) => files.slice(MOST_FILES * part, MOST_FILES * (part + 1)),
  );
}

interface Outcome {
  readonly code: number;
  readonly report: string;
  /** What it has printed, if that was not seen at once. */
  readonly stdout?: Uint8Array;
  readonly stderr?: Uint8Array;
}

/** Runs `deno test`. */
async function runTests(args: readonly string[], isSeen: boolean): Promise<Outcome> {
  const report = await Deno.makeTempFile({ suffix: ".xml" });
  try {
    const command = new Deno.Command(Deno.execPath(), {
      args: [
        ...["test", "--quiet", "--no-prompt", "--no-check", ...permissions()],
        ...[`--junit-path=${report}`, ...args],
      ],
      stdout: isSeen ? "inherit" : "piped",
      stderr: isSeen ? "inherit" : "piped",
    });
    const outcome = isSeen ? await command.spawn().status : await command.output();
    return { ...outcome, report: await Deno.readTextFile(report) };
  } finally {
    await Deno.remove(report);
  }
}

/** Runs each part in a process of its own. */
async function runParts(args: readonly string[], parts: readonly string[][]): Promise<Outcome[]> {
  const outcomes: Outcome[] = [];
  const waiting = parts.values();
  const runWaiting = async () => {
    for (const files of waiting) {
      const outcome = await runTests([...args, ...files], false);
      outcomes.push(outcome);
      if (outcome.code === 0) print(outcome);
    }
  };
  await Promise.all(Array.from({ length: PROCESSES }, runWaiting));
  outcomes.filter(({ code }) => code !== 0).forEach(print);
  return outcomes;
}

function print({ stdout, stderr }: Outcome): void {
  for (const [stream, bytes] of [[Deno.stdout, stdout!], [Deno.stderr, stderr!]] as const) {
    for (let at = 0; at < bytes.length;) at += stream.writeSync(bytes.subarray(at));
  }
}

async function run(args: readonly string[]): Promise<number> {
  const isForPrograms = args[0] === "--programs";
  const given = isForPrograms ? args.slice(1) : args;
  const parts = given.some((argument) => existsSync(argument)) ? [[]] : listParts(isForPrograms);
  const outcomes = parts.length === 1
    ? [await runTests([...given, ...parts[0]], true)]
    : await runParts(given, parts);
  const skipped = describeSkipped(outcomes.map(({ report }) => report).join("\n"));
  if (skipped) console.log(skipped);
  return Math.max(...outcomes.map(({ code }) => code));
}

Deno.exit(await run(Deno.args));
