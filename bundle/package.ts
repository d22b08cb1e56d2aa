/**
 * Writes the package that is published to npm into a folder: the command line, the library for Deno, Node and Bun, the
 * core for browsers, and their types. It needs no other packages. `deno task package` runs it.
 *
 *     deno run --allow-all bundle/package.ts dist/package
 *
 * @module
 */
import { join } from "node:path";
import { stop } from "esbuild";
import project from "../deno.json" with { type: "json" };
import { BROWSER, COMMAND_LINE, LIBRARY } from "./bundles.ts";
import { compile } from "./compile.ts";
import { declareTypes } from "./declarations.ts";

const ROOT = new URL("../", import.meta.url);

/** Files of the project that the package has too. */
const PAPERS = ["README.md", "LICENSE", "CHANGELOG.md"];

function describePackage(files: readonly string[]) {
  return {
    name: "secateur",
    version: project.version,
    description: "Makes trained TensorFlow.js, Keras and ONNX convolutional networks smaller: " +
      "cuts channels, repairs layers by regression",
    keywords: ["tensorflowjs", "pruning", "compression", "convolutional", "wasm"],
    license: project.license,
    type: "module",
    bin: { secateur: "secateur.js" },
    exports: {
      ".": { types: "./index.d.ts", default: "./index.js" },
      "./browser": { types: "./browser.d.ts", default: "./browser.js" },
      "./package.json": "./package.json",
    },
    engines: { node: ">=20.19" },
    files,
  };
}

const [folder] = Deno.args;
try {
  const [indexTypes, browserTypes] = await declareTypes(["src/mod.ts", "src/browser.ts"]);
  const files: Record<string, string> = {
    "secateur.js": await compile(COMMAND_LINE),
    "index.js": await compile(LIBRARY),
    "index.d.ts": indexTypes,
    "browser.js": await compile(BROWSER),
    "browser.d.ts": browserTypes,
  };
  for (const name of PAPERS) files[name] = await Deno.readTextFile(new URL(name, ROOT));
  const description = JSON.stringify(describePackage(Object.keys(files)), undefined, 2);
  await Deno.mkdir(folder, { recursive: true });
  for (const [name, text] of Object.entries({ "package.json": `${description}\n`, ...files })) {
    await Deno.writeTextFile(join(folder, name), text);
  }
} finally {
  await stop();
}
