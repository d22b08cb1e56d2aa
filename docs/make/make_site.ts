/**
 * Writes a static site into a folder: the page, all documents, and the report of a real run. `deno task site` runs it.
 *
 *     deno run --allow-all docs/make/make_site.ts dist/site
 *
 * Any server can hold it. `_headers` has, in the form of Netlify and Cloudflare Pages, the two headers by which the page
 * works on all cores.
 *
 * @module
 */
import { dirname, join, posix } from "node:path";
import { fileURLToPath } from "node:url";
import { stop } from "esbuild";
import { makePage } from "../../bundle/make_page.ts";
import base from "../../page/base.css" with { type: "text" };
import { pageOf, renderDocument } from "./render_document.ts";
import { pruneExample } from "./report_picture.ts";
import style from "./site.css" with { type: "text" };

const ROOT = fileURLToPath(new URL("../../", import.meta.url));

/** Folders whose documents are on the site. */
const FOLDERS = ["", "docs", "bench/results"];

/** Where the report of the run is. */
const REPORT = "example/report.html";

/** What stands above every page. */
const PLACES: readonly [page: string, name: string][] = [
  ["index.html", "Make a model smaller"],
  ["README.html", "What it is"],
  ["docs/index.html", "Documentation"],
  [REPORT, "Report of a run"],
];

const HEADERS = `/*
  Cross-Origin-Opener-Policy: same-origin
  Cross-Origin-Embedder-Policy: require-corp
`;

/** Links from a page to the most important ones. */
function linksFrom(page: string): string {
  const items = PLACES.map(([place, name]) => {
    const current = place === page ? ' aria-current="page"' : "";
    return `<li><a href="${posix.relative(posix.dirname(page), place)}"${current}>${name}</a></li>`;
  });
  return `<nav aria-label="Site"><ul>${items.join("")}</ul></nav>`;
}

function wrap(page: string, title: string, body: string): string {
  return `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${title}</title>
<link rel="icon" href="data:,">
<style>${base}${style}</style>
</head>
<body>
${linksFrom(page)}
<main>
${body}</main>
</body>
</html>
`;
}

async function listDocuments(): Promise<string[]> {
  const paths: string[] = [];
  for (const folder of FOLDERS) {
    for await (const { name } of Deno.readDir(join(ROOT, folder))) {
      if (name.endsWith(".md")) paths.push(posix.join(folder, name));
    }
  }
  return paths.sort();
}

const [folder] = Deno.args;

async function write(page: string, text: string): Promise<void> {
  const place = join(folder, page);
  await Deno.mkdir(dirname(place), { recursive: true });
  await Deno.writeTextFile(place, text);
}

/** Renders the documents; copies what they show and lead to. */
async function writeDocuments(): Promise<void> {
  const copied = new Set<string>();
  for (const path of await listDocuments()) {
    const { title, body, files } = renderDocument(path, await Deno.readTextFile(join(ROOT, path)));
    await write(pageOf(path), wrap(pageOf(path), title, body));
    for (const file of files) copied.add(file);
  }
  for (const file of copied) {
    await Deno.mkdir(join(folder, dirname(file)), { recursive: true });
    await Deno.copyFile(join(ROOT, file), join(folder, file));
  }
}

async function writeReport(): Promise<void> {
  const run = await Deno.makeTempDir();
  try {
    const model = join(run, "smaller");
    await pruneExample(model);
    await write(REPORT, await Deno.readTextFile(join(model, "report.html")));
  } finally {
    await Deno.remove(run, { recursive: true });
  }
}

try {
  await write("index.html", await makePage(linksFrom("index.html")));
} finally {
  await stop();
}
await write("_headers", HEADERS);
await writeDocuments();
await writeReport();
