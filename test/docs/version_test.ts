import assert from "node:assert/strict";
import project from "../../deno.json" with { type: "json" };
import { readDocument } from "./documents.ts";

/** Where the version is named beside deno.json, and how. */
const NAMED: Readonly<Record<string, RegExp>> = {
  "action.yml": /\bsecateur@([\d.]+\d)/g,
  "docs/workers.yaml": /\/secateur:([\d.]+\d)/g,
  "CHANGELOG.md": /^## \[(?:Unreleased\]: )?([\d.]+\d)/gm,
};

for (const [path, pattern] of Object.entries(NAMED)) {
  Deno.test(`${path} names the version that deno.json has`, async () => {
    const { text } = await readDocument(path);
    const [first, ...others] = Array.from(text.matchAll(pattern), ([, version]) => version);
    assert.equal(first, project.version);
    if (path !== "CHANGELOG.md") assert.ok(others.every((version) => version === first));
  });
}
