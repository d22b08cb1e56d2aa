import assert from "node:assert/strict";
import { dirname, join, normalize } from "node:path";
import {
  inlineCode,
  projectFolder,
  readDocuments,
  targetsOf,
  withoutCodeBlocks,
} from "./documents.ts";

const documents = await readDocuments();

/** The names that GitHub gives to headings. */
function anchorsOf(text: string): string[] {
  return [...withoutCodeBlocks(text).matchAll(/^#+ (.+)$/gm)].map(([, heading]) =>
    heading.toLowerCase().replace(/[^\p{L}\p{N}\s_-]/gu, "").replaceAll(" ", "-")
  );
}

for (const { path, text } of documents) {
  Deno.test(`the links of ${path} lead somewhere`, async () => {
    for (const target of targetsOf(text)) {
      const [file, anchor] = target.split("#");
      const place = file === "" ? path : normalize(join(dirname(path), file));
      const isThere = await Deno.stat(join(projectFolder, place)).then(() => true, () => false);
      assert.ok(isThere, `${path} leads to ${place}, which is not there`);
      if (anchor === undefined) continue;
      const content = await Deno.readTextFile(join(projectFolder, place));
      assert.ok(anchorsOf(content).includes(anchor), `${path}: ${place} has no heading #${anchor}`);
    }
  });
}

/** A path from the project's folder, as texts name it. */
const PATH = /^(?:src|cli|page|assembly|bundle|bench|docs|test)(?:\/[\w.-]+)*\/?$/;

for (const { path, text } of documents) {
  const named = new Set(inlineCode(text).filter((code) => PATH.test(code)));
  if (named.size === 0) continue;
  Deno.test(`the files that ${path} names are there`, async () => {
    const missing: string[] = [];
    for (const name of named) {
      await Deno.stat(join(projectFolder, name)).catch(() => missing.push(name));
    }
    assert.deepEqual(missing, []);
  });
}

/** A name, and the file that a text says it is in. */
const NAMED_PLACE = /`([\w.]+)`,? (?:\w+ )?(?:in|of|\()\s*`((?:src|cli|test)\/[\w./-]+\.ts)`/g;

for (const { path, text } of documents) {
  const places = [...text.replace(/\s+/g, " ").matchAll(NAMED_PLACE)];
  if (places.length === 0) continue;
  Deno.test(`the names that ${path} places in files are there`, async () => {
    for (const [, name, file] of places) {
      const source = await Deno.readTextFile(join(projectFolder, file));
      assert.ok(source.includes(name.split(".").at(-1)!), `${name} is not in ${file}`);
    }
  });
}
