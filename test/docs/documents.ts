import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** Folder of the project. */
export const projectFolder = fileURLToPath(new URL("../../", import.meta.url));

/** A paper for readers. */
export interface Document {
  /** Its path from the project's folder. */
  readonly path: string;
  /** Its content. */
  readonly text: string;
}

/** The README, CONTRIBUTING and all of `docs`. */
export async function readDocuments(): Promise<Document[]> {
  const paths = ["README.md", "CONTRIBUTING.md"];
  for await (const { name } of Deno.readDir(join(projectFolder, "docs"))) {
    if (name.endsWith(".md")) paths.push(`docs/${name}`);
  }
  return await Promise.all(paths.sort().map(readDocument));
}

/** One of them. */
export async function readDocument(path: string): Promise<Document> {
  return { path, text: await Deno.readTextFile(join(projectFolder, path)) };
}

/** A text without what stands in fences or indented as code. */
export function withoutCodeBlocks(text: string): string {
  return text.replace(/^```.*?^```$/gms, "").replace(/^ {4,}\S.*$/gm, "");
}

/** What stands between backticks in running text. */
export function inlineCode(text: string): string[] {
  return [...withoutCodeBlocks(text).matchAll(/`([^`]+)`/g)].map(([, code]) => code);
}

/** Where a text leads, other than to servers: links of Markdown, and pictures of HTML. */
export function targetsOf(text: string): string[] {
  const prose = withoutCodeBlocks(text);
  const links = prose.matchAll(/\]\(\s*([^)\s]+)\s*\)/g);
  const pictures = prose.matchAll(/\b(?:src|srcset|href)="([^"\s]+)"/g);
  return [...links, ...pictures].map(([, target]) => target)
    .filter((target) => !/^[a-z]+:/.test(target));
}
