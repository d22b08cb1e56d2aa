import { delimiter, join } from "node:path";

/**
 * Names that the programs which tests start, beside Deno, are installed by. A newcomer's machine has Node and npm of them,
 * and may lack all others.
 */
const COMMANDS = {
  bash: ["bash"],
  bun: ["bun"],
  chromium: ["chromium", "chromium-browser", "google-chrome"],
  firefox: ["firefox-esr", "firefox"],
  fish: ["fish"],
  node: ["node"],
  node22: ["node22"],
  node24: ["node24"],
  npm: ["npm"],
  "redis-server": ["redis-server"],
  script: ["script"],
  zsh: ["zsh"],
} as const satisfies Record<string, readonly string[]>;

/** A program that a test may start. */
export type Program = keyof typeof COMMANDS;

/** All of them. */
export const PROGRAMS = Object.keys(COMMANDS) as Program[];

/** What some must answer to `--version`: not every program of the name will do. */
const WANTED_VERSIONS: Partial<Record<Program, (answer: string) => boolean>> = {
  node: (answer) => {
    const [major, minor] = answer.match(/\d+/g)!.map(Number);
    return major > 20 || (major === 20 && minor >= 19);
  },
  script: (answer) => answer.includes("util-linux"),
};

/** The environment variable by which a missing program fails its tests instead of skipping them, and its value. */
const MODE = "SECATEUR_TEST_PROGRAMS";
const REQUIRED = "required";

function isExecutable(path: string): boolean {
  try {
    const { isFile, mode } = Deno.statSync(path);
    return isFile && (mode === null || (mode & 0o111) !== 0);
  } catch (error) {
    if (error instanceof Deno.errors.NotCapable) throw error;
    return false;
  }
}

function isWanted(program: Program, path: string): boolean {
  const holds = WANTED_VERSIONS[program];
  if (!holds) return true;
  const { success, stdout } = new Deno.Command(path, { args: ["--version"] }).outputSync();
  return success && holds(new TextDecoder().decode(stdout));
}

/** Where a program lies on the PATH; undefined where it does not, or where it is too old. */
export function findProgram(program: Program): string | undefined {
  const folders = (Deno.env.get("PATH") ?? "").split(delimiter).filter((folder) => folder !== "");
  const path = COMMANDS[program]
    .flatMap((command) => folders.map((folder) => join(folder, command)))
    .find(isExecutable);
  return path !== undefined && isWanted(program, path) ? path : undefined;
}

/** Defines a test, as `Deno.test` does. */
export type DefineTest = (
  name: string,
  body: (context: Deno.TestContext) => void | Promise<void>,
) => void;

/**
 * Tests that start programs. Where one is missing they are skipped, under names that end with it, which `test/run.ts`
 * counts; with SECATEUR_TEST_PROGRAMS=required they fail.
 *
 * @param programs What they start.
 * @returns What defines such a test.
 */
export function testWith(...programs: readonly Program[]): DefineTest {
  const missing = programs.filter((program) => findProgram(program) === undefined).join(" and ");
  if (missing === "") return (name, body) => Deno.test(name, body);
  if (Deno.env.get(MODE) !== REQUIRED) {
    return (name, body) => Deno.test.ignore(`${name} (skipped for want of ${missing})`, body);
  }
  return (name) =>
    Deno.test(name, () => {
      throw new Error(
        `starting ${missing}: found none on the PATH, wanted it because of ${MODE}=${REQUIRED}; install it`,
      );
    });
}

/** A test in a JUnit report that was skipped. One that a filter left out has no time there. */
const SKIPPED = /<testcase name="[^"]* \(skipped for want of ([^()"]+)\)"[^>]* time=/g;

/**
 * How many tests were skipped for want of which programs.
 *
 * @param report The JUnit report of a run.
 * @returns A line; undefined where none was skipped.
 */
export function describeSkipped(report: string): string | undefined {
  const counts = new Map<string, number>();
  for (const [, missing] of report.matchAll(SKIPPED)) {
    counts.set(missing, (counts.get(missing) ?? 0) + 1);
  }
  const parts = Array.from(counts, ([missing, count]) => `${count} for want of ${missing}`);
  return parts.length === 0 ? undefined : `skipped: ${parts.join(", ")}`;
}
