import { dot, line, ruleY, text } from "@observablehq/plot";
import { drawSvg } from "../../src/report/draw_svg.ts";
import type { TradeOffPoint, TradeOffPoints } from "./trade_off_points.ts";

/** Colors of a picture that stands on a page of its own kind. */
export interface Theme {
  /** Letters. */
  readonly ink: string;
  /** Letters and lines that matter less. */
  readonly muted: string;
  /** The page behind the picture. */
  readonly paper: string;
  /** Secateur's networks. */
  readonly ours: string;
  /** Networks of other methods, in the order of the methods. */
  readonly peers: readonly string[];
}

/** The themes by name; a picture is drawn for each. */
export const THEMES = {
  light: {
    ink: "#1f2328",
    muted: "#59636e",
    paper: "#ffffff",
    ours: "#1769b5",
    peers: ["#b3540c", "#8b2fc9", "#66707d"],
  },
  dark: {
    ink: "#f0f6fc",
    muted: "#9198a1",
    paper: "#0d1117",
    ours: "#58a6f2",
    peers: ["#f0924c", "#c58af9", "#98a2b1"],
  },
} as const satisfies Record<string, Theme>;

const [WIDTH, HEIGHT] = [760, 430];
const FONT = "system-ui, -apple-system, 'Segoe UI', 'Liberation Sans', Arial, sans-serif";
const SYMBOLS = ["diamond", "triangle", "square"] as const;

/** Largest share of multiply-accumulates that is shown, in per cent. */
const RIGHT_EDGE = 64;

/** Where a name stands beside its mark, in pixels. */
interface Offset {
  readonly dx?: number;
  readonly dy?: number;
  readonly textAnchor: "start" | "end";
}

const BESIDE = {
  above: { dx: -6, dy: -31, textAnchor: "start" },
  right: { dx: 12, dy: 2, textAnchor: "start" },
  farRight: { dx: 18, dy: -2, textAnchor: "start" },
  left: { dx: -12, textAnchor: "end" },
} as const satisfies Record<string, Offset>;

/** Where the names of other methods stand, in the order of the methods. */
const PEER_NAMES: readonly Offset[] = [BESIDE.left, BESIDE.farRight, BESIDE.farRight];

const macs = ({ macs }: TradeOffPoint) => macs;
const accuracy = ({ accuracy }: TradeOffPoint) => accuracy;

/**
 * Draws accuracy against multiply-accumulates: Secateur's networks and those of other methods.
 *
 * @param points The networks.
 * @param theme The colors.
 * @returns An SVG file.
 */
export function drawTradeOff(points: TradeOffPoints, theme: Theme): string {
  const { original, cut, tuned, peers } = points;
  const halo = { stroke: theme.paper, strokeWidth: 4 } as const;
  const place = { x: macs, y: accuracy } as const;
  const ours = { ...place, stroke: theme.ours } as const;
  const values = (of: readonly TradeOffPoint[], fill: string, dy: number) =>
    text(of, { ...halo, ...place, fill, dy, text: ({ accuracy }) => formatShare(accuracy) });
  const name = (at: TradeOffPoint, label: string, fill: string, offset: Offset) =>
    text([at], {
      ...halo,
      ...place,
      fill,
      fontWeight: 600,
      lineHeight: 1.2,
      text: [label],
      ...offset,
    });
  const svg = drawSvg({
    height: HEIGHT,
    marginLeft: 52,
    marginRight: 24,
    marginTop: 30,
    marginBottom: 48,
    grid: true,
    x: {
      domain: [16, RIGHT_EDGE],
      ticks: [20, 30, 40, 50, 60],
      label: "multiply-accumulates in convolutions that are kept (%)",
      labelAnchor: "center",
      labelArrow: "none",
      labelOffset: 40,
    },
    y: {
      domain: [0, 100],
      ticks: 10,
      label: "accuracy on 10,000 test images (%)",
      labelArrow: "none",
    },
    marks: [
      ruleY([original], { stroke: theme.muted, strokeDasharray: "5 4" }),
      line(tuned, { ...ours, strokeWidth: 2 }),
      line(cut, { ...ours, strokeWidth: 2, strokeDasharray: "2 4", strokeLinecap: "round" }),
      dot(tuned, { ...ours, fill: theme.ours, r: 5 }),
      dot(cut, { ...ours, fill: theme.paper, r: 5, strokeWidth: 2 }),
      ...[...peers.values()].map((of, index) =>
        dot(of, {
          ...place,
          r: 5.5,
          symbol: SYMBOLS[index],
          fill: theme.peers[index],
          stroke: theme.peers[index],
        })
      ),
      values(tuned, theme.ours, -13),
      values(cut, theme.ours, 15),
      ...[...peers.values()].map((of, index) => values(of, theme.peers[index], 16)),
      name(
        { macs: RIGHT_EDGE, accuracy: original },
        `unpruned ${formatShare(original)}`,
        theme.muted,
        { dy: -10, textAnchor: "end" },
      ),
      name(tuned[0], "Secateur, 15 epochs of tuning", theme.ours, BESIDE.above),
      name(cut.at(-1)!, "Secateur, no tuning", theme.ours, BESIDE.right),
      ...[...peers].map(([label, of], index) =>
        name(of[0], label.replace(", ", ",\n"), theme.peers[index], PEER_NAMES[index])
      ),
    ],
  }, {
    id: "trade-off",
    title: "Accuracy of a pruned ResNet-20 against the multiply-accumulates it keeps",
    summary: describePoints(points),
    width: WIDTH,
  });
  return finishFile(svg, theme);
}

/** Per cent with one digit behind the point; 58.15 is 58.2, whatever binary fractions make of it. */
function formatShare(share: number): string {
  return (share + 1e-9).toFixed(1);
}

/** The same in words. */
function describePoints({ original, cut, tuned, peers }: TradeOffPoints): string {
  const list = (of: readonly TradeOffPoint[]) =>
    of.map(({ macs, accuracy }) => `${formatShare(accuracy)} % at ${macs.toFixed(0)} %`).join(", ");
  return [
    `Unpruned ${formatShare(original)} %.`,
    `Secateur without tuning: ${list(cut)}.`,
    `Secateur with 15 epochs of tuning: ${list(tuned)}.`,
    ...[...peers].map(([name, of]) => `${name}: ${list(of)}.`),
  ].join(" ");
}

/** A chart of a page as a file of its own: there is no page to take letters and colors from. */
function finishFile(svg: string, { muted }: Theme): string {
  return svg.replaceAll('font-family="inherit"', `font-family="${FONT}"`)
    .replaceAll("currentColor", muted) + "\n";
}
