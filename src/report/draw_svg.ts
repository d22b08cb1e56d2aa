import { plot, type PlotOptions } from "@observablehq/plot";
import { DOMImplementation, type Element, XMLSerializer } from "@xmldom/xmldom";

/** What the plotting library is given. */
export type Drawing = Omit<PlotOptions, "document" | "width">;

/** What a drawing is called. */
export interface DrawingTexts {
  /** Name of its place in the page. */
  readonly id: string;
  /** What it shows. */
  readonly title: string;
  /** What is to be seen in it. */
  readonly summary: string;
  /** Pixels. */
  readonly width: number;
}

const FONT_SIZE = 12;

/**
 * Draws a chart with Observable Plot, without a browser: Plot asks for a document, and any XML DOM is one.
 *
 * @param drawing The chart.
 * @param texts Its accessible name and description, and its width.
 * @returns An `svg` element; colors are those of the page.
 */
export function drawSvg(drawing: Drawing, { id, title, summary, width }: DrawingTexts): string {
  const page = new DOMImplementation().createDocument("http://www.w3.org/1999/xhtml", "html", null);
  const document = page as unknown as PlotOptions["document"];
  const svg = plot({ ...drawing, width, document }) as unknown as Element;
  // Plot's own style sheet, the first child, says what the page's says once for all charts.
  svg.removeChild(svg.firstChild!);
  // The chart is one image with a name: the names of groups in it would be read by nobody, and are not allowed.
  for (const group of svg.getElementsByTagName("g")) group.removeAttribute("aria-label");
  const attributes = {
    role: "img",
    "font-size": String(FONT_SIZE),
    "font-family": "inherit",
    "aria-labelledby": `${id}-title`,
    "aria-describedby": `${id}-summary`,
  };
  for (const [name, value] of Object.entries(attributes)) svg.setAttribute(name, value);
  for (const [name, text] of [["desc", summary], ["title", title]] as const) {
    const element = page.createElementNS("http://www.w3.org/2000/svg", name);
    element.setAttribute("id", `${id}-${name === "desc" ? "summary" : "title"}`);
    element.appendChild(page.createTextNode(text));
    svg.insertBefore(element, svg.firstChild);
  }
  return new XMLSerializer().serializeToString(svg);
}
