import { basename, relative } from "node:path";
import process from "node:process";

/** The project's own script, which its task starts. */
const SOURCE = "main.ts";

/** Where the script of an installed package is: what npm makes of it, or the script itself. */
const INSTALLED = /(?:^|[/\\])(?:secateur|node_modules[/\\]secateur[/\\]lib[/\\]secateur\.js)$/;

/** How an installed package is started. */
const INSTALLED_START = {
  node: "npx secateur",
  deno: "deno run --allow-read --allow-write npm:secateur",
  bun: "bunx --bun secateur",
} as const;

/**
 * How the command line is started.
 *
 * @param script The script that runs.
 * @param engine What runs it.
 * @param folder Folder that the script's path is given from, where it is below it.
 * @returns What stands ahead of a command.
 */
export function describeInvocation(
  script: string,
  engine: "deno" | "node" | "bun",
  folder: string,
): string {
  if (basename(script) === SOURCE) return "deno task secateur";
  if (INSTALLED.test(script)) return INSTALLED_START[engine];
  const way = relative(folder, script);
  const path = way.startsWith("..") ? script : way;
  return engine === "deno" ? `deno run --allow-read --allow-write ${path}` : `${engine} ${path}`;
}

/** How this process was started. */
function ownInvocation(): string {
  const engine = "Deno" in globalThis ? "deno" : "bun" in process.versions ? "bun" : "node";
  return describeInvocation(process.argv[1] ?? SOURCE, engine, process.cwd());
}

/** What examples of the help name: files of the project, which a bundle does not have beside it. */
const EXAMPLE_FILES: readonly [path: string, name: string][] = [
  ["cli/example/resnet8-fashion-mnist", "MODEL"],
  ["cli/example/fashion-mnist", "DATA"],
  ["cli/example/budget.json", "budget.json"],
];

/**
 * The help as it holds for how the command line was started.
 *
 * @param text Help for a start by the project's task.
 * @param invocation How it was started.
 * @returns The same for that.
 */
export function adaptHelp(text: string, invocation = ownInvocation()): string {
  if (invocation === "deno task secateur") return text;
  return EXAMPLE_FILES.reduce(
    (adapted, [path, name]) => adapted.replaceAll(path, name),
    text.replaceAll("deno task secateur", invocation),
  );
}
