import assert from "node:assert/strict";
import { dirname, posix } from "node:path";
import { pageOf, renderDocument } from "../../docs/make/render_document.ts";
import { readDocuments } from "./documents.ts";

const documents = await readDocuments();

Deno.test("links between documents lead to pages and to headings of theirs", () => {
  const pages = new Map(
    documents.map(({ path, text }) => [pageOf(path), renderDocument(path, text)]),
  );
  for (const [page, { body }] of pages) {
    for (const [, target] of body.matchAll(/href="([^"]+)"/g)) {
      if (/^[a-z]+:/.test(target)) continue;
      const [file, anchor] = target.split("#");
      const place = file === "" ? page : posix.normalize(posix.join(dirname(page), file));
      const other = pages.get(place);
      if (other === undefined || anchor === undefined) continue;
      assert.ok(other.body.includes(`id="${anchor}"`), `${page}: ${place} has no #${anchor}`);
    }
  }
});

Deno.test("a README is the index of its folder, but for the project's own, where the page is", () => {
  assert.deepEqual(
    ["README.md", "docs/README.md", "docs/method.md", "bench/results/README.md"].map(pageOf),
    ["README.html", "docs/index.html", "docs/method.html", "bench/results/index.html"],
  );
});

Deno.test("headings of the same words have names of their own, and code stays text", () => {
  const { title, body } = renderDocument("docs/a.md", "# A `b`\n\n## In\n\n## In\n\n    <b> & c\n");
  assert.equal(title, "A b");
  assert.match(body, /id="in"[^]+id="in-1"/);
  assert.match(body, /&lt;b> &amp; c/);
});
