import assert from "node:assert/strict";
import { basename, join } from "node:path";
import { OPTION_FLAGS } from "../../../cli/options/option_flags.ts";
import { SHELL_OPTION_WORDS } from "../../../cli/shell/shell_option_words.ts";
import { OPTION_LABELS } from "../../../page/option_labels.ts";
import { LIBRARY_WORDS } from "../../../src/base/message.ts";
import { projectFolder } from "../run_cli.ts";

/** Flags that are other programs': of Deno, and of tensorflowjs_converter. */
const FOREIGN = /^--(allow-\w+|output_node_names)$/;

async function readSources(folder: string): Promise<Map<string, string>> {
  const sources = new Map<string, string>();
  for await (const { name, isDirectory } of Deno.readDir(join(projectFolder, folder))) {
    const path = `${folder}/${name}`;
    if (isDirectory) {
      for (const [inner, text] of await readSources(path)) sources.set(inner, text);
    } else if (/\.(tsx?|css)$/.test(name)) {
      sources.set(path, await Deno.readTextFile(join(projectFolder, path)));
    }
  }
  return sources;
}

Deno.test("the flags that messages name are flags of commands", async () => {
  const text = [...(await readSources("cli")).entries()]
    .filter(([path]) => basename(path) !== "option_flags.ts")
    .map(([, text]) => text).join("\n");
  for (const flag of Object.values(OPTION_FLAGS.names)) {
    assert.match(text, new RegExp(`["(]${flag}[ "]`), flag);
  }
});

Deno.test("the labels that messages name are on the page", async () => {
  const text = [...(await readSources("page")).entries()]
    .filter(([path]) => path.endsWith(".tsx")).map(([, text]) => text).join("\n");
  for (const [, label] of Object.values(OPTION_LABELS.names).join().matchAll(/"([^"]+)"/g)) {
    assert.ok(text.includes(label), label);
  }
});

Deno.test("every face has words for the options of the library", () => {
  const names = Object.keys(LIBRARY_WORDS.names);
  for (const { names: words } of [OPTION_FLAGS, SHELL_OPTION_WORDS, OPTION_LABELS]) {
    assert.deepEqual(Object.keys(words), names);
    assert.ok(Object.values(words).every((word) => word !== ""));
  }
});

Deno.test("no source of the library names a flag of the command line", async () => {
  const sources = await readSources("src");
  const styles = [...sources.entries()].filter(([path]) => path.endsWith(".css"));
  const properties = new Set(
    styles.flatMap(([, text]) => [...text.matchAll(/--[\w-]+/g)].map(([name]) => name)),
  );
  const found: string[] = [];
  for (const [path, text] of sources) {
    if (!path.endsWith(".ts")) continue;
    const withoutExamples = text.replaceAll(/```ts[^]*?```/g, "");
    for (const [flag] of withoutExamples.matchAll(/(?<![\w-])--[a-z][\w-]*/g)) {
      const isStyle = path.startsWith("src/report/") && properties.has(flag);
      if (!isStyle && !FOREIGN.test(flag)) found.push(`${path}: ${flag}`);
    }
  }
  assert.deepEqual(found, []);
});

Deno.test("every option that has words is named by a message", async () => {
  const sources = [...(await readSources("src")).entries()]
    .filter(([path]) => path !== "src/base/message.ts").map(([, text]) => text);
  const calls = sources.flatMap((text) =>
    [...text.matchAll(/\b(?:option|anyOf|requireGiven)\(([^)]*)\)/g)].map(([, given]) => given)
  ).join();
  for (const name of Object.keys(LIBRARY_WORDS.names)) {
    assert.ok(calls.includes(`"${name}"`), name);
  }
});
