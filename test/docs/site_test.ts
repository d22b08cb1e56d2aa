import assert from "node:assert/strict";
import { join, posix } from "node:path";
import { putBuilt } from "../support/built.ts";
import { runChild } from "../support/children.ts";
import { testWith } from "../support/programs.ts";
import { inTempFolder } from "../cli/fixtures.ts";
import type { Findings } from "../report/browse.ts";
import { projectFolder } from "./documents.ts";

testWith("chromium")(
  "the site: all that it leads to is there, and axe-core finds no barriers",
  () =>
    inTempFolder(async (folder) => {
      await putBuilt("site", folder);
      const pages = await listPages(folder);
      assert.ok(pages.includes("index.html") && pages.includes("example/report.html"));
      for (const page of pages) {
        const text = await Deno.readTextFile(join(folder, page));
        const markup = text.replace(/<script[^]*?<\/script>/g, "");
        for (const [, target] of markup.matchAll(/(?:href|src|srcset)="([^"#]+)[^"]*"/g)) {
          if (/^[a-z]+:/.test(target)) continue;
          const place = posix.normalize(posix.join(posix.dirname(page), target));
          const isThere = await Deno.stat(join(folder, place)).then(() => true, () => false);
          assert.ok(isThere, `${page} leads to ${place}, which is not there`);
        }
      }
      const [files, views] = [LOOKED_AT.map((page) => join(folder, page)), new Set<string>()];
      const deno = [Deno.execPath(), "run", "--quiet", "--allow-all"];
      const printed = await runChild([...deno, "test/report/browse.ts", ...files], projectFolder);
      for (const [file, findings] of Object.entries<Findings[]>(JSON.parse(printed))) {
        for (const { view, overflow, said, violations, brokenImages } of findings) {
          views.add(view);
          assert.ok(overflow <= 0, `${file}, ${view}: ${overflow} pixels too wide`);
          assert.deepEqual({ said, violations, brokenImages }, NOTHING, `${file}, ${view}`);
        }
      }
      assert.ok(views.has("phone") && views.has("desktop, dark"));
    }),
);

/** Pages that are looked at in every view. */
const LOOKED_AT = ["README.html", "docs/index.html", "docs/method.html", "docs/results.html"];

const NOTHING = { said: [], violations: [], brokenImages: 0 };

async function listPages(folder: string, place = ""): Promise<string[]> {
  const pages: string[] = [];
  for await (const { name, isDirectory } of Deno.readDir(join(folder, place))) {
    const path = posix.join(place, name);
    if (isDirectory) pages.push(...await listPages(folder, path));
    else if (name.endsWith(".html")) pages.push(path);
  }
  return pages;
}
