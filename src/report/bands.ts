import type { Drawing } from "./draw_svg.ts";
import { estimateWidth, shorten } from "./units.ts";

const ROW = 21;
const HEAD = 26;
const FOOT = 42;
/** Below this width a chart is for a phone. */
const PHONE = 350;

/**
 * The part of a chart that names its rows: one row a name, from top to bottom.
 *
 * @param names Names of the rows, all different.
 * @param width Pixels of the chart.
 * @param label What the rows are.
 * @returns Height, margins and the vertical scale.
 */
export function nameRows(names: readonly string[], width: number, label: string): Drawing {
  const most = width < PHONE ? 16 : width < 500 ? 20 : 32;
  const longest = Math.max(...names.map((name) => estimateWidth(shorten(name, most))), 40);
  return {
    height: HEAD + FOOT + ROW * names.length,
    marginLeft: 12 + longest,
    marginTop: HEAD,
    marginBottom: FOOT,
    y: {
      domain: names,
      label,
      tickSize: 0,
      tickFormat: (name: string) => shorten(name, most),
      labelAnchor: "top",
      labelArrow: false,
      padding: 0.25,
    },
  };
}

/** Whether a chart is for a phone. */
export function isNarrow(width: number): boolean {
  return width < PHONE;
}
