import { commandsOf } from "../../test/cli/documented_commands.ts";
import type { Circumstances } from "../../bench/circumstances.ts";

/** The README, and where the run that it shows is recorded, from the project's folder. */
export const README = "README.md", README_RUN = "bench/results/readme_run.json";

/** The run that the README shows, as `deno task figures` made it. */
export interface ReadmeRun extends Circumstances {
  /** The command. */
  readonly command: string;
  /** What it printed, in lines. */
  readonly printed: readonly string[];
  /** The same without its effort, which repairs the whole network too. */
  readonly repaired: {
    readonly command: string;
    /** Share of the test images that the smaller network then has right. */
    readonly accuracy: number;
  };
  /** SHA-256 of the pictures of its report, by their paths. */
  readonly pictures: Readonly<Record<string, string>>;
}

/** What the README says in place of lines that it leaves out. */
const LEFT_OUT = "…";

/** The block that shows what is printed. */
const BLOCK = /(?<=^```text\n)[^]*?(?=^```$)/m;

/** What the README says of the run without its effort. */
const REPAIRED = /(?<=without labels: )[\d.]+(?= %)/;

/** A line as it is printed whatever the figures are. */
function shapeOf(line: string): string {
  return line.replace(/[\d.]+/g, "0").replace(/ +/g, " ").trim();
}

/** The command that the README shows, in words. */
export function commandOfReadme(readme: string): readonly string[] {
  return commandsOf(readme)[0];
}

/** The lines of its run that the README shows, and what it says of the run without its effort. */
export function readShown(readme: string): { lines: string[]; repaired: string } {
  const [block] = readme.match(BLOCK)!;
  return { lines: block.trimEnd().split("\n"), repaired: readme.match(REPAIRED)![0] };
}

/**
 * Puts what was printed in the place of lines of the same kind.
 *
 * @param lines Lines, some of them left out.
 * @param printed What was printed.
 * @returns The lines with the figures of what was printed.
 * @throws {Error} When there is no such line behind the one before it.
 */
export function fillIn(lines: readonly string[], printed: readonly string[]): string[] {
  let from = 0;
  return lines.map((line) => {
    if (line === LEFT_OUT || line === "") return line;
    const at = printed.findIndex((other, index) =>
      index >= from && shapeOf(other) === shapeOf(line)
    );
    if (at < 0) throw new Error(`found no such line: ${line}; printed was\n${printed.join("\n")}`);
    from = at + 1;
    return printed[at].trimEnd();
  });
}

/**
 * Writes the figures of a run into the README.
 *
 * @param readme The README.
 * @param run The run.
 * @returns The README with them.
 */
export function fillReadme(
  readme: string,
  { printed, repaired }: Pick<ReadmeRun, "printed" | "repaired">,
): string {
  const { lines } = readShown(readme);
  const accuracy = (100 * repaired.accuracy).toFixed(2);
  return readme
    .replace(BLOCK, () => `${fillIn(lines, printed).join("\n")}\n`)
    .replace(REPAIRED, accuracy);
}
