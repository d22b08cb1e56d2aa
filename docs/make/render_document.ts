import { posix } from "node:path";
import { Marked, type Tokens } from "marked";

/** A document as a page of the site. */
export interface RenderedDocument {
  /** Its first heading. */
  readonly title: string;
  /** It, in HTML. */
  readonly body: string;
  /** Files beside documents that it leads to or shows, from the project's folder. */
  readonly files: readonly string[];
}

/**
 * Where the page of a document is on the site.
 *
 * @param path The document, from the project's folder.
 * @returns The page, from the site's folder: folders are as in the project, and a README is the index of its own.
 */
export function pageOf(path: string): string {
  const renamed = path.replace(/\.md$/, ".html");
  return path === "README.md" ? renamed : renamed.replace(/(^|\/)README\.html$/, "$1index.html");
}

/**
 * Renders a document. Headings get the names that GitHub gives them, links to documents lead to their pages.
 *
 * @param path The document, from the project's folder.
 * @param text Its Markdown.
 * @returns The page's parts.
 */
export function renderDocument(path: string, text: string): RenderedDocument {
  const files = new Set<string>();
  const names = new Map<string, number>();
  let title = path;
  const leadTo = (target: string): string => {
    if (/^(?:[a-z]+:|#)/.test(target)) return target;
    const [file, anchor] = target.split("#");
    const place = posix.normalize(posix.join(posix.dirname(path), file));
    if (!place.endsWith(".md")) files.add(place);
    const page = posix.relative(posix.dirname(pageOf(path)), pageOf(place));
    return anchor === undefined ? page : `${page}#${anchor}`;
  };
  const marked = new Marked({
    renderer: {
      heading({ tokens, depth, text: heading }: Tokens.Heading): string {
        if (depth === 1) title = heading.replaceAll("`", "");
        const name = nameOf(heading, names);
        return `<h${depth} id="${name}">${this.parser.parseInline(tokens)}</h${depth}>\n`;
      },
      link({ href, tokens }: Tokens.Link): string {
        return `<a href="${escape(leadTo(href))}">${this.parser.parseInline(tokens)}</a>`;
      },
      html({ text: source }: Tokens.HTML | Tokens.Tag): string {
        return source.replace(
          /\b(src|srcset|href)="([^"]+)"/g,
          (_, attribute, target) => `${attribute}="${escape(leadTo(target))}"`,
        );
      },
      code({ text: code }: Tokens.Code): string {
        return `<pre tabindex="0"><code>${escape(code)}\n</code></pre>\n`;
      },
      table(token: Tokens.Table): string {
        const cells = (row: Tokens.TableCell[], tag: string) =>
          row.map(({ tokens }) => `<${tag}>${this.parser.parseInline(tokens)}</${tag}>`).join("");
        const rows = token.rows.map((row) => `<tr>${cells(row, "td")}</tr>`).join("\n");
        return `<div class="scroll" tabindex="0"><table><thead><tr>${cells(token.header, "th")}` +
          `</tr></thead><tbody>${rows}</tbody></table></div>\n`;
      },
    },
  });
  const body = marked.parse(text, { async: false });
  return { title, body, files: [...files] };
}

/** The name that GitHub gives to a heading; the second of the same words gets a number. */
function nameOf(heading: string, names: Map<string, number>): string {
  const name = heading.toLowerCase().replace(/[^\p{L}\p{N}\s_-]/gu, "").replaceAll(" ", "-");
  const count = names.get(name) ?? 0;
  names.set(name, count + 1);
  return count === 0 ? name : `${name}-${count}`;
}

function escape(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll('"', "&quot;");
}
