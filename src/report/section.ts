import { type Html, html } from "./html.ts";

/** A part of a page, with a place in its list of contents. */
export interface Section {
  /** Name of its place. */
  readonly id: string;
  /** Its heading. */
  readonly title: string;
  /** What is in it. */
  readonly body: Html;
}

/** A part with its heading. */
export function renderSection({ id, title, body }: Section): Html {
  return html`
    <section id="${id}" aria-labelledby="${id}-heading">
    <h2 id="${id}-heading">${title}</h2>
    ${body}
    </section>
  `;
}
