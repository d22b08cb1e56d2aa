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

/** Each gets this share of the files that are left: the last ones have one each, and end together. */
const SHARE = 1 / (4 * PROCESSES);

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

/** The files that are run where the arguments name none. */
function defaultFiles(isForPrograms: boolean): string[] {
  return listTestFiles(FOLDER).filter((file) =>
    isForPrograms ? reaches(file, PROGRAMS_MODULE) : !reaches(file, BUILT_MODULE)
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

/** Runs files in several processes. */
async function runInParts(args: readonly string[], files: readonly string[]): Promise<Outcome[]> {
  const outcomes: Outcome[] = [];
  const waiting = [...files];
  const runWaiting = async () => {
    while (waiting.length > 0) {
      const part = waiting.splice(0, Math.ceil(SHARE * waiting.length));
      const outcome = await runTests([...args, ...part], false);
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
  const files = given.some((argument) => existsSync(argument)) ? [] : defaultFiles(isForPrograms);
  const isWhole = files.length > 0 && !isForPrograms;
  const outcomes = isWhole
    ? await runInParts(given, files)
    : [await runTests([...given, ...files], true)];
  const skipped = describeSkipped(outcomes.map(({ report }) => report).join("\n"));
  if (skipped) console.log(skipped);
  return Math.max(...outcomes.map(({ code }) => code));
}

Deno.exit(await run(Deno.args));
