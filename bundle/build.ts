/**
 * Writes the bundles into a folder: `secateur.js`, the command line for Deno, Node and Bun, and `secateur.browser.js`, the
 * core for browsers. `deno task bundle` runs it.
 *
 *     deno run --allow-all bundle/build.ts dist
 *
 * `deno bundle` resolves modules and puts the bytes of WebAssembly into them; esbuild then writes syntax that Node 20 knows
 * (`using` is newer) and leaves out blanks. Names stay, so that stack traces can be read.
 *
 * @module
 */
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { stop, transform } from "esbuild";
import project from "../deno.json" with { type: "json" };

/** What becomes a bundle, and for which engines. */
interface Bundle {
  readonly entry: string;
  readonly platform: "deno" | "browser";
  readonly target: string;
  /** Modules that stand in for others. */
  readonly replacements: Readonly<Record<string, string>>;
}

/** A browser has none of these: one module says so for all of them. */
const NODE_MODULES = [
  "crypto",
  "fs",
  "fs/promises",
  "os",
  "path",
  "process",
  "worker_threads",
  "zlib",
]
  .map((name) => `node:${name}`);

/** A browser reaches no queue: what is for one alone stays out of its bundle. */
const QUEUE_LIBRARIES = ["aws4fetch", "bullmq", "ioredis"];

const BUNDLES: Readonly<Record<string, Bundle>> = {
  "secateur.js": {
    entry: "bundle/secateur.ts",
    platform: "deno",
    target: "node20",
    replacements: {},
  },
  "secateur.browser.js": {
    entry: "src/browser.ts",
    platform: "browser",
    target: "es2022",
    replacements: Object.fromEntries(
      [...NODE_MODULES, ...QUEUE_LIBRARIES].map((name) => [name, "bundle/no_node.ts"]),
    ),
  },
};

const ROOT = new URL("../", import.meta.url);

/** One file of a module and all that it imports. */
async function joinModules({ entry, platform, replacements }: Bundle): Promise<string> {
  const draft = await Deno.makeTempDir();
  try {
    const imports = Object.fromEntries(
      Object.entries(replacements).map(([name, path]) => [name, new URL(path, ROOT).href]),
    );
    const importMap = join(draft, "imports.json");
    await Deno.writeTextFile(
      importMap,
      JSON.stringify({ imports: { ...project.imports, ...imports } }),
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
    return await Deno.readTextFile(output);
  } finally {
    await Deno.remove(draft, { recursive: true });
  }
}

/** The emscripten module of tfjs asks for its folder, of which it needs nothing: its bytes are handed to it. */
const DEFINITIONS = { __dirname: '""' };

async function writeBundle(name: string, folder: string): Promise<void> {
  const bundle = BUNDLES[name];
  const { code } = await transform(await joinModules(bundle), {
    target: bundle.target,
    format: "esm",
    minifyWhitespace: true,
    minifySyntax: true,
    legalComments: "eof",
    logLevel: "error",
    define: DEFINITIONS,
    banner: `/* Secateur v${project.version}, MIT; licences of what it contains are at the end. */`,
  });
  await Deno.writeTextFile(join(folder, name), code);
}

const [folder, ...names] = Deno.args;
await Deno.mkdir(folder, { recursive: true });
try {
  for (const name of names.length > 0 ? names : Object.keys(BUNDLES)) {
    await writeBundle(name, folder);
  }
} finally {
  await stop();
}
