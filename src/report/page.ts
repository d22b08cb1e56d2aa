import style from "./report.css" with { type: "text" };
import { type Html, Html as Piece, html } from "./html.ts";
import { renderSection, type Section } from "./section.ts";

/** A page. */
export interface Page {
  /** Its title. */
  readonly title: string;
  /** What the page is of, in a line above the title. */
  readonly kind: string;
  /** The most important in a sentence or two. */
  readonly lead: Html;
  /** Its parts. */
  readonly sections: readonly Section[];
}

/** Nothing is loaded and no script runs, whatever a name in the report says. */
const POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:";

/** A page that needs no other file. */
export function renderPage({ title, kind, lead, sections }: Page): string {
  const { source } = html`
    <!DOCTYPE html>
    <html lang="en">
      <head>
        <meta charset="utf-8">
        <meta http-equiv="Content-Security-Policy" content="${POLICY}">
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <meta name="color-scheme" content="light dark">
        <title>${title}</title>
        <style>${new Piece(style)}</style>
      </head>
      <body>
        <a class="skip" href="#main">Skip to the figures</a>
        <header>
          <p class="kind">${kind}</p>
          <h1>${title}</h1>
          <p class="lead">${lead}</p>
          <nav aria-label="Contents">
            <ul>${sections.map((section) =>
              html`<li><a href="#${section.id}">${section.title}</a></li>`
            )}</ul>
          </nav>
        </header>
        <main id="main" tabindex="-1">
    ${sections.map(renderSection)}</main>
      </body>
    </html>
  `;
  return source;
}
