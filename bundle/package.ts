/**
 * Writes the package that is published to npm into a folder: the command line, the library for Deno, Node and Bun, the
 * core for browsers, their types, JSON schemas of what programs read, the papers, and the example of `demo` with fewer images. It needs no other packages.
 * `deno task package` runs it.
 *
 *     deno run --allow-all bundle/package.ts dist/package
 *
 * @module
 */
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { stop } from "esbuild";
import project from "../deno.json" with { type: "json" };
import { BROWSER, INSTALLED } from "./bundles.ts";
import { compile, compileAll } from "./compile.ts";
import { declareTypes } from "./declarations.ts";
import { filesBelow } from "./files_below.ts";
import { adaptPaper } from "./papers.ts";
import { makeSchemas } from "./schemas.ts";
import { shortenExample } from "./small_example.ts";

const ROOT = fileURLToPath(new URL("../", import.meta.url));

/** Folder of the package with all of its code; the example is beside it, as it is beside `cli/commands`. */
const CODE = "lib";
const EXAMPLE = "example";

/** Folder of what the JSON of commands and files holds. */
const SCHEMAS = "schemas";

/** Files of the project that the package has too, under other names as it may be. */
const PAPERS: Readonly<Record<string, string>> = {
  "README.md": "bundle/README.md",
  "LICENSE": "LICENSE",
  "CHANGELOG.md": "CHANGELOG.md",
};

/** Papers of `docs` for those who change the source, which the package lacks. */
const FOR_MAKERS = ["architecture.md", "README.md"];

/** Parts of the example that only the source needs. */
const MAKES_EXAMPLE = /\.gitignore$|\.ts$|\.md$|sweep\.json$/;

type Files = Map<string, string | Uint8Array>;

const DESCRIPTION = {
  name: "secateur",
  version: project.version,
  description: "Makes trained TensorFlow.js, Keras and ONNX convolutional networks smaller: " +
    "cuts channels, repairs layers by regression",
  keywords: ["tensorflowjs", "pruning", "compression", "convolutional", "wasm"],
  license: project.license,
  type: "module",
  bin: { secateur: `${CODE}/secateur.js` },
  exports: {
    ".": { types: `./${CODE}/index.d.ts`, default: `./${CODE}/index.js` },
    "./browser": { types: `./${CODE}/browser.d.ts`, default: `./${CODE}/browser.js` },
    "./schemas/*": `./${SCHEMAS}/*`,
    "./package.json": "./package.json",
  },
  engines: { node: ">=20.19" },
};

async function makeCode(): Promise<Files> {
  const [indexTypes, browserTypes] = await declareTypes(["src/mod.ts", "src/browser.ts"]);
  const files = {
    ...Object.fromEntries(await compileAll(INSTALLED)),
    "browser.js": await compile(BROWSER),
    "index.d.ts": indexTypes,
    "browser.d.ts": browserTypes,
  };
  return new Map(Object.entries(files).map(([name, text]) => [`${CODE}/${name}`, text]));
}

function listSchemas(): Files {
  return new Map(Array.from(makeSchemas(), ([path, text]) => [`${SCHEMAS}/${path}`, text]));
}

async function makeExample(): Promise<Files> {
  const source = join(ROOT, "cli/example");
  const paths = [...filesBelow(source)].filter((path) => !MAKES_EXAMPLE.test(path));
  return new Map(
    await Promise.all(paths.map(async (path) => {
      const name = relative(source, path);
      return [`${EXAMPLE}/${name}`, shortenExample(name, await Deno.readFile(path))] as const;
    })),
  );
}

async function makePapers(others: Files): Promise<Files> {
  const docs = Array.from(Deno.readDirSync(join(ROOT, "docs")), ({ name }) => name)
    .filter((name) => name.endsWith(".md") && !FOR_MAKERS.includes(name));
  const sources = new Map([
    ...Object.entries(PAPERS),
    ...docs.map((name) => [`docs/${name}`, `docs/${name}`] as const),
  ]);
  const all = new Set([...sources.keys(), ...others.keys()]);
  return new Map(
    await Promise.all(Array.from(sources, async ([name, path]) => {
      const text = await Deno.readTextFile(join(ROOT, path));
      return [name, adaptPaper(name, text, all)] as const;
    })),
  );
}

/** Writes the files into a folder, and nothing but them: what an earlier package had there is no longer of it. */
async function writePackage(folder: string, files: Files): Promise<void> {
  const names = [...new Set(Array.from(files.keys(), (name) => name.split("/")[0]))].sort();
  const description = `${JSON.stringify({ ...DESCRIPTION, files: names }, undefined, 2)}\n`;
  for (const name of names) {
    await Deno.remove(join(folder, name), { recursive: true }).catch(() => {});
  }
  for (const [name, content] of [["package.json", description] as const, ...files]) {
    const path = join(folder, name);
    await Deno.mkdir(dirname(path), { recursive: true });
    const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content;
    await Deno.writeFile(path, bytes, { mode: name === DESCRIPTION.bin.secateur ? 0o755 : 0o644 });
  }
}

const [folder] = Deno.args;
try {
  const products: Files = new Map([
    ...await makeCode(),
    ...await makeExample(),
    ...listSchemas(),
  ]);
  await writePackage(folder, new Map([...products, ...await makePapers(products)]));
} finally {
  await stop();
}
