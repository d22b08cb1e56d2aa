import { dot, text } from "@observablehq/plot";
import type { LoggedRollout } from "../../pruning/mod.ts";
import type { LegendEntry } from "../chart.ts";
import { type Measure, shareOf } from "../measure.ts";
import { formatCount, formatPercent } from "../units.ts";

type RolloutSource = LoggedRollout["source"];

/** Form and color both tell who chose a network. */
export const SOURCES: Record<
  RolloutSource,
  { name: string; label: string; color: string; symbol: Exclude<LegendEntry["shape"], "bar"> }
> = {
  start: {
    name: "start",
    label: "start: the counts of the budget policy",
    color: "--series-start",
    symbol: "star",
  },
  "near best": {
    name: "near best",
    label: "near the best until then",
    color: "--series-near",
    symbol: "circle",
  },
  random: { name: "random", label: "random", color: "--series-random", symbol: "square" },
  agent: {
    name: "agent",
    label: "proposed by the agent",
    color: "--series-agent",
    symbol: "triangle",
  },
  refined: {
    name: "finalist",
    label: "finalist, behind the repair",
    color: "--ink",
    symbol: "diamond",
  },
};

/** A search in its two parts, whose networks were measured differently. */
export interface Search {
  readonly measure: Measure;
  /** Networks that were read off the statistics. */
  readonly rollouts: readonly LoggedRollout[];
  /** Networks that were cut as the answer is. */
  readonly finalists: readonly LoggedRollout[];
  /** The finalist that was written. */
  readonly winner?: LoggedRollout;
}

/** The sources that a search made use of. */
export function sourceLegend({ rollouts, finalists }: Search): LegendEntry[] {
  const used = new Set([...rollouts, ...finalists].map(({ source }) => source));
  return (Object.keys(SOURCES) as RolloutSource[]).filter((source) => used.has(source))
    .map((source) => ({ ...SOURCES[source], shape: SOURCES[source].symbol }));
}

/** How the mark of a network looks. */
export const MARK = {
  fill: ({ source }: LoggedRollout) => `var(${SOURCES[source].color})`,
  symbol: ({ source }: LoggedRollout) => SOURCES[source].symbol,
  stroke: "var(--paper)",
  strokeWidth: 0.7,
};

/** Where the winner is. */
export function markWinner(
  { winner }: Search,
  channels: { x: (tried: LoggedRollout) => number; y: (tried: LoggedRollout) => number },
) {
  const winners = winner ? [winner] : [];
  return [
    dot(winners, { ...channels, r: 8, stroke: "var(--ink)", strokeWidth: 1.5 }),
    text(winners, {
      ...channels,
      dy: -15,
      fontWeight: "bold",
      text: () => "winner",
      stroke: "var(--paper)",
      strokeWidth: 4,
      fill: "var(--ink)",
    }),
  ];
}

/** What the tip at a mark says of its network. */
export function titleWith(measure: Measure) {
  return (tried: LoggedRollout) =>
    `number ${tried.rollout} (${SOURCES[tried.source].name}): ${measure.name} ${
      formatPercent(shareOf(tried))
    }, ${formatCount(tried.macs)} MACs`;
}
