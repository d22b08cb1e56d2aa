/** A piece of a page in which every text is escaped. */
export class Html {
  /** Its source. */
  readonly source: string;

  /**
   * Takes a source as it is.
   *
   * @param source Markup.
   */
  constructor(source: string) {
    this.source = source;
  }
}

/** What may stand in a template: texts are escaped, pieces are not, nothing is shown for undefined. */
export type HtmlValue = string | number | Html | undefined | readonly HtmlValue[];

const ESCAPES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

/** A text as the content of an element or of a quoted attribute. */
export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => ESCAPES[character]);
}

function sourceOf(value: HtmlValue): string {
  if (value === undefined) return "";
  if (value instanceof Html) return value.source;
  if (typeof value === "object") return value.map(sourceOf).join("");
  return escapeHtml(String(value));
}

/** Template tag: what is filled in is escaped, unless it is a piece itself. */
export function html(strings: TemplateStringsArray, ...values: readonly HtmlValue[]): Html {
  return new Html(String.raw({ raw: strings }, ...values.map(sourceOf)));
}
