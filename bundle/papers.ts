import { dirname, join } from "node:path/posix";

/** What the project's texts say of itself, and what is so where the package is installed. */
const ADAPTED: readonly [said: RegExp, adapted: string][] = [
  [/deno task (?:secateur|remote)/g, "npx secateur"],
  [/deno task demo/g, "npx secateur demo"],
  [/\bcli\/example\//g, "node_modules/secateur/example/"],
];

/** A picture of HTML, with all of its sources. */
const PICTURE = /<picture>.*?<\/picture>\n*/gs;

const LINK = /(!?)\[([^\]]*)\]\(\s*([^)\s]+)\s*\)/g;

/**
 * A text of the project for those who have installed the package: commands are started by npx, and what leads to a file
 * that the package lacks is no link; pictures are left out.
 *
 * @param path The text's path in the package, with slashes.
 * @param text The text, in Markdown.
 * @param files Paths of all files of the package.
 * @returns The text for them.
 */
export function adaptPaper(path: string, text: string, files: ReadonlySet<string>): string {
  const adapted = ADAPTED.reduce((text, [said, wanted]) => text.replace(said, wanted), text);
  return adapted.replace(PICTURE, "").replace(LINK, (link, picture, words, target) => {
    if (/^(?:[a-z]+:|#)/.test(target)) return link;
    const place = join(dirname(path), target.split("#")[0]);
    return files.has(place) ? link : picture ? "" : words;
  });
}
