import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { transform } from "esbuild";
import project from "../deno.json" with { type: "json" };

/** Modules that become files, and for which engines. */
export interface Bundle {
  /** The modules, from the project's folder. */
  readonly entries: readonly string[];
  /** What they run on. */
  readonly platform: "deno" | "browser";
  /** Syntax that the engines know. */
  readonly target: string;
  /** Modules that stand in for others. */
  readonly replacements: Readonly<Record<string, string>>;
  /** Whether a file is to be a script that is no module. Default false. */
  readonly isClassic?: boolean;
  /** Files that are programs, which Node runs where they are started without naming an engine. Default none. */
  readonly programs?: readonly string[];
  /** Whether what the entries share, and what they load later, become files of their own. Default false. */
  readonly isSplit?: boolean;
}

const ROOT = new URL("../", import.meta.url);

/** A browser has none of these: one module says so for all of them. */
const NODE_MODULES = ["crypto", "fs", "fs/promises", "module", "os", "process", "zlib"];

/** Modules that stand in for those of Node in a browser. */
const IN_BROWSER: Bundle["replacements"] = {
  ...Object.fromEntries(
    NODE_MODULES.map((name) => [`node:${name}`, new URL("bundle/no_node.ts", ROOT).href]),
  ),
  "node:path": project.imports.pathe,
  "node:worker_threads": new URL("bundle/browser_threads.ts", ROOT).href,
};

/**
 * Modules for browsers, each a file.
 *
 * @param entries The modules, from the project's folder.
 * @returns What becomes files.
 */
export function forBrowsers(...entries: string[]): Bundle {
  return { entries, platform: "browser", target: "es2022", replacements: IN_BROWSER };
}

/**
 * Modules for Deno, Node and Bun.
 *
 * @param entries The modules, from the project's folder.
 * @returns What becomes files.
 */
export function forEngines(...entries: string[]): Bundle {
  return { entries, platform: "deno", target: "node20", replacements: {} };
}

/** The emscripten module of tfjs asks for its folder, of which it needs nothing: its bytes are handed to it. */
const DEFINITIONS = { __dirname: '""' };

/**
 * Makes files of modules and all that they import. End esbuild's process with its `stop()` when all is compiled.
 *
 * @param bundle The modules.
 * @returns The files' texts by their names: `x.js` of `x.ts`.
 * @throws {Error} When a module is missing or is not valid.
 */
export async function compileAll(bundle: Bundle): Promise<Map<string, string>> {
  const joined = await joinModules(bundle);
  return new Map(
    await Promise.all(
      Array.from(
        joined,
        async ([name, code]) => [name, await shorten(name, code, bundle)] as const,
      ),
    ),
  );
}

/**
 * Makes one file of one module.
 *
 * @param bundle The module.
 * @returns The file's text.
 * @throws {Error} When a module is missing or is not valid.
 */
export async function compile(bundle: Bundle): Promise<string> {
  const [text] = (await compileAll(bundle)).values();
  return text;
}

async function shorten(
  name: string,
  text: string,
  { target, isClassic, programs = [] }: Bundle,
): Promise<string> {
  const { code } = await transform(text, {
    target,
    format: isClassic ? "iife" : "esm",
    minifyWhitespace: true,
    minifySyntax: true,
    minifyIdentifiers: true,
    keepNames: true,
    legalComments: "eof",
    logLevel: "error",
    define: DEFINITIONS,
    banner: (programs.includes(name) ? "#!/usr/bin/env node\n" : "") +
      `/* Secateur v${project.version}, MIT; licenses of what it contains are at the end. */`,
  });
  return code;
}

/** Modules are labeled by where this machine keeps them, which concerns nobody else. */
const CACHED = /"[^"\n]*\/registry\.npmjs\.org\//g;

/** Files of modules and all that they import, by their names. */
async function joinModules(
  { entries, platform, replacements, isSplit }: Bundle,
): Promise<Map<string, string>> {
  const draft = await Deno.makeTempDir();
  try {
    const [importMap, output] = ["imports.json", "output"].map((name) => join(draft, name));
    await Deno.writeTextFile(
      importMap,
      JSON.stringify({ imports: { ...project.imports, ...replacements } }),
    );
    const { success, stderr } = await new Deno.Command(Deno.execPath(), {
      args: [
        ...["bundle", "--quiet", "--platform", platform, "--import-map", importMap],
        ...(isSplit ? ["--code-splitting"] : []),
        ...["--outdir", output],
        ...entries.map((entry) => fileURLToPath(new URL(entry, ROOT))),
      ],
      cwd: ROOT,
    }).output();
    if (!success) throw new Error(`bundle ${entries}: ${new TextDecoder().decode(stderr)}`);
    const names = Array.from(Deno.readDirSync(output), ({ name }) => name).sort();
    return new Map(
      names.map((name) => {
        const code = Deno.readTextFileSync(join(output, name));
        return [name, code.replaceAll(CACHED, '"')];
      }),
    );
  } finally {
    await Deno.remove(draft, { recursive: true });
  }
}
