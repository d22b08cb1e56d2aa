import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { transform } from "esbuild";
import project from "../deno.json" with { type: "json" };

/** A module that becomes one file, and for which engines. */
export interface Bundle {
  /** The module, from the project's folder. */
  readonly entry: string;
  /** What it runs on. */
  readonly platform: "deno" | "browser";
  /** Syntax that the engines know. */
  readonly target: string;
  /** Modules that stand in for others. */
  readonly replacements: Readonly<Record<string, string>>;
  /** Whether the file is to be a script that is no module. Default false. */
  readonly isClassic?: boolean;
  /** Whether the file is a program, which Node runs where it is started without naming an engine. Default false. */
  readonly isExecutable?: boolean;
}

const ROOT = new URL("../", import.meta.url);

/** A browser has none of these: one module says so for all of them. */
const NODE_MODULES = ["crypto", "fs", "fs/promises", "os", "process", "zlib"];

/** Modules that stand in for those of Node in a browser. */
const IN_BROWSER: Bundle["replacements"] = {
  ...Object.fromEntries(
    NODE_MODULES.map((name) => [`node:${name}`, new URL("bundle/no_node.ts", ROOT).href]),
  ),
  "node:path": project.imports.pathe,
  "node:worker_threads": new URL("bundle/browser_threads.ts", ROOT).href,
};

/**
 * A module for browsers.
 *
 * @param entry The module, from the project's folder.
 * @returns What becomes one file.
 */
export function forBrowsers(entry: string): Bundle {
  return { entry, platform: "browser", target: "es2022", replacements: IN_BROWSER };
}

/**
 * A module for Deno, Node and Bun.
 *
 * @param entry The module, from the project's folder.
 * @returns What becomes one file.
 */
export function forEngines(entry: string): Bundle {
  return { entry, platform: "deno", target: "node20", replacements: {} };
}

/** The emscripten module of tfjs asks for its folder, of which it needs nothing: its bytes are handed to it. */
const DEFINITIONS = { __dirname: '""' };

/**
 * Makes one file of a module and all that it imports. End esbuild's process with its `stop()` when all is compiled.
 *
 * @param bundle The module.
 * @returns The file's text.
 * @throws {Error} When a module is missing or is not valid.
 */
export async function compile(bundle: Bundle): Promise<string> {
  const { code } = await transform(await joinModules(bundle), {
    target: bundle.target,
    format: bundle.isClassic ? "iife" : "esm",
    minifyWhitespace: true,
    minifySyntax: true,
    minifyIdentifiers: true,
    keepNames: true,
    legalComments: "eof",
    logLevel: "error",
    define: DEFINITIONS,
    banner: (bundle.isExecutable ? "#!/usr/bin/env node\n" : "") +
      `/* Secateur v${project.version}, MIT; licenses of what it contains are at the end. */`,
  });
  return code;
}

/** Modules are labeled by where this machine keeps them, which concerns nobody else. */
const CACHED = /"[^"\n]*\/registry\.npmjs\.org\//g;

/** One file of a module and all that it imports. */
async function joinModules({ entry, platform, replacements }: Bundle): Promise<string> {
  const draft = await Deno.makeTempDir();
  try {
    const importMap = join(draft, "imports.json");
    await Deno.writeTextFile(
      importMap,
      JSON.stringify({ imports: { ...project.imports, ...replacements } }),
    );
    const output = join(draft, "joined.js");
    const { success, stderr } = await new Deno.Command(Deno.execPath(), {
      args: [
        ...["bundle", "--quiet", "--platform", platform, "--import-map", importMap],
        ...["--output", output, fileURLToPath(new URL(entry, ROOT))],
      ],
      cwd: ROOT,
    }).output();
    if (!success) throw new Error(`bundle ${entry}: ${new TextDecoder().decode(stderr)}`);
    return (await Deno.readTextFile(output)).replaceAll(CACHED, '"');
  } finally {
    await Deno.remove(draft, { recursive: true });
  }
}
