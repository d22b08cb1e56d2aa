import { basename, join, relative } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";

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
  const path = shortest(script, folder);
  return engine === "deno" ? `deno run --allow-read --allow-write ${path}` : `${engine} ${path}`;
}

/** A path as it is typed in a folder. */
function shortest(path: string, folder: string): string {
  const way = relative(folder, path);
  return way.startsWith("..") ? path : way;
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

/** Documents that a text names. */
const PAPERS = /\bdocs\/[\w.]+\.md\b/g;

/** The folder of an installed package, whose code lies in a folder of it. */
function ownPackage(): string {
  return shortest(fileURLToPath(new URL("..", import.meta.url)), process.cwd());
}

/**
 * The help as it holds for how the command line was started.
 *
 * @param text Help for a start by the project's task, or another text that names commands or documents.
 * @param invocation How it was started.
 * @param packageFolder Where the package lies, if it is an installed one: its documents are there.
 * @returns The same for that.
 */
export function adaptHelp(
  text: string,
  invocation = ownInvocation(),
  packageFolder = ownPackage(),
): string {
  if (invocation === "deno task secateur") return text;
  const adapted = EXAMPLE_FILES.reduce(
    (adapted, [path, name]) => adapted.replaceAll(path, name),
    text.replaceAll("deno task secateur", invocation),
  );
  const isInstalled = Object.values<string>(INSTALLED_START).includes(invocation);
  return isInstalled ? adapted.replace(PAPERS, (paper) => join(packageFolder, paper)) : adapted;
}
