import { createHash } from "node:crypto";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { zipSync } from "fflate";
import { compile, forBrowsers } from "./compile.ts";

const ROOT = new URL("../", import.meta.url);

const readText = (path: string) => Deno.readTextFile(new URL(path, ROOT));

/** The files of a folder as a zip archive; what they hold is packed already. */
function zipFolder(path: string): Uint8Array {
  const folder = fileURLToPath(new URL(path, ROOT));
  const files = Array.from(Deno.readDirSync(folder), ({ name }) => name).sort();
  return zipSync(
    Object.fromEntries(files.map((name) => [name, Deno.readFileSync(join(folder, name))])),
    { level: 0, mtime: "1980-01-01" },
  );
}

/** Bytes that the page's script finds by their name. */
function embed(name: string, content: string | Uint8Array): string {
  const text = gzipSync(content, { level: 9 }).toString("base64");
  return `<script type="application/base64" id="${name}">${text}</script>`;
}

/** Names what is between two tags as the policy does. */
function digest(text: string): string {
  return `'sha256-${createHash("sha256").update(text).digest("base64")}'`;
}

/** Nothing is fetched but from memory: tfjs gets its WebAssembly, and workers their script, by blob: addresses. */
function policyFor(style: string, script: string): string {
  const rules = [
    "default-src 'none'",
    `script-src ${digest(script)} 'wasm-unsafe-eval'`,
    "worker-src blob:",
    "connect-src blob:",
    `style-src ${digest(style)}`,
    "img-src data:",
    "base-uri 'none'",
    "form-action 'none'",
  ];
  return `<meta http-equiv="Content-Security-Policy" content="${rules.join("; ")}">`;
}

/**
 * Makes the page: one file that needs nothing beside it. Its own script stands before what is embedded and is no module,
 * so that it runs before the rest is there.
 *
 * @param links Links that stand above it, as HTML. Default: none.
 * @returns The page. End esbuild's process with its `stop()` when all is compiled.
 */
export async function makePage(links = ""): Promise<string> {
  const style = await readText("page/base.css") + await readText("page/page.css");
  const script = await compile({ ...forBrowsers("page/main.tsx"), isClassic: true });
  // Opened as a file, the page has no origin, and Chromium then starts no module in a worker.
  const worker = await compile({ ...forBrowsers("page/worker.ts"), isClassic: true });
  const elements: Record<string, string> = {
    policy: policyFor(style, script),
    style: `<style>${style}</style>`,
    links,
    script: `<script>${script}</script>`,
    embedded: [
      embed("worker", worker),
      embed("example-model", zipFolder("cli/example/resnet8-fashion-mnist")),
      embed("example-images", zipFolder("cli/example/fashion-mnist")),
    ].join("\n"),
  };
  const template = await readText("page/index.html");
  return template.replace(/<!-- (\w+) -->/g, (_, name) => elements[name]);
}
