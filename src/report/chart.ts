import { type Html, Html as Piece, html } from "./html.ts";
import { type Drawing, drawSvg } from "./draw_svg.ts";
import { renderTable, type Table } from "./table.ts";

/** What a color or mark of a chart stands for. */
export interface LegendEntry {
  /** Its meaning. */
  readonly label: string;
  /** A color of the page's style, such as `--after`. */
  readonly color: string;
  /** How it is drawn. */
  readonly shape:
    | "bar"
    | "dot"
    | "ring"
    | "line"
    | "star"
    | "circle"
    | "square"
    | "triangle"
    | "diamond";
}

/** A chart with all that it needs to be understood. */
export interface Chart {
  /** Name of its place in the page. */
  readonly id: string;
  /** What it shows. */
  readonly title: string;
  /** What the figures mean, in a sentence or two. */
  readonly meaning: string;
  /** What is to be seen in it, for those who do not see it. */
  readonly summary: string;
  /** Marks and colors; none where the axes say it all. */
  readonly legend?: readonly LegendEntry[];
  /** Its share of the page's width. Default `full`. */
  readonly breadth?: "full" | "half";
  /**
   * Lays it out.
   *
   * @param width Pixels.
   * @returns What the plotting library is given.
   */
  readonly draw: (width: number) => Drawing;
  /** The same figures as a table. */
  readonly table: Table;
}

/** Widths in pixels: of a page, of half of it, and of a phone. Letters keep their size in all. */
const WIDTHS = { full: 800, half: 390, narrow: 336 } as const;

/** A figure: title, meaning, legend, the chart for wide and for narrow pages, and its table. */
export function renderChart(chart: Chart): Html {
  const { id, title, meaning, legend = [], breadth = "full", table } = chart;
  const draw = (variant: string, width: number) =>
    new Piece(drawSvg(chart.draw(width), { ...chart, id: `${id}-${variant}`, width }));
  return html`
    <figure id="${id}" class="${breadth}">
    <figcaption><h3>${title}</h3><p>${meaning}</p></figcaption>
    ${legend.length > 0 ? renderLegend(legend) : undefined}
    <div class="wide">${draw("wide", WIDTHS[breadth])}</div>
    <div class="narrow">${draw("narrow", WIDTHS.narrow)}</div>
    <details><summary>Table<span class="hidden">: ${title}</span></summary>
    ${renderTable(table)}</details>
    </figure>
  `;
}

function renderLegend(entries: readonly LegendEntry[]): Html {
  return html`<ul class="legend">${
    entries.map(({ label, color, shape }) =>
      html`<li><span class="key ${shape}" style="--key: var(${color})" aria-hidden="true"></span>${label}</li>`
    )
  }</ul>`;
}
