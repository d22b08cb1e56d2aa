import { type Html, html } from "./html.ts";

/** A table with names of rows in its first column. */
export interface Table {
  /** What it lists. */
  readonly caption: string;
  /** Names of the columns. */
  readonly header: readonly string[];
  /** Cells; the first of a row names it. */
  readonly rows: readonly (readonly (string | number | undefined)[])[];
}

const NUMERIC = /^[-\u2212+]?[\d.,]+(\u202f\S+( \d+\u202f\S+)?)?$|^$/;

/** A table that scrolls by itself where it is too wide, with the keyboard too. */
export function renderTable({ caption, header, rows }: Table): Html {
  const isNumeric = header.map((_, column) =>
    column > 0 && rows.every((row) => NUMERIC.test(String(row[column] ?? "")))
  );
  const kind = (column: number) => isNumeric[column] ? "number" : "text";
  return html`
    <div class="scroll" tabindex="0" role="region" aria-label="${caption}">
      <table>
        <caption>${caption}</caption>
        <thead>
          <tr>${header.map((name, column) =>
            html`<th scope="col" class="${kind(column)}">${name}</th>`
          )}</tr>
        </thead>
        <tbody>${rows.map(([name, ...cells]) =>
          html`
            <tr><th scope="row">${name}</th>${cells.map((cell, column) =>
              html`<td class="${kind(column + 1)}">${cell}</td>`
            )}</tr>
          `
        )}</tbody>
      </table>
    </div>
  `;
}
