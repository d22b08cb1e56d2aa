import { dot, line, ruleX, text } from "@observablehq/plot";
import type { LoggedRollout } from "../../pruning/mod.ts";
import { type Chart, type LegendEntry, renderChart } from "../chart.ts";
import { html } from "../html.ts";
import { paretoFront } from "../pareto.ts";
import type { PruneRecord } from "../run_record.ts";
import type { Section } from "../section.ts";
import { formatCount, formatNumber, formatPercent, unitFor } from "../units.ts";

type RolloutSource = LoggedRollout["source"];

/** Form and colour both tell who chose a network. */
const SOURCES = {
  start: {
    label: "start: the counts of the budget policy",
    colour: "--series-start",
    symbol: "star",
  },
  "near best": { label: "near the best until then", colour: "--series-near", symbol: "circle" },
  random: { label: "random", colour: "--series-random", symbol: "square" },
  agent: { label: "proposed by the agent", colour: "--series-agent", symbol: "triangle" },
} as const;

const COSTS = {
  macs: "multiply–accumulates of the convolutions",
  params: "parameters",
  latency: "estimated latency",
} as const;

/** What the search tried. */
export function searchSection(record: PruneRecord): Section | undefined {
  const { search } = record.report;
  const rollouts = record.search?.rollouts ?? [];
  if (search === undefined || rollouts.length === 0) return undefined;
  const charts = [tradeChart(record, rollouts), rewardChart(rollouts, search.winner)];
  return {
    id: "search",
    title: "Search",
    body: html`<p>Roll-out ${search.winner} of ${search.rollouts} won. It keeps ${
      formatPercent(search.share.found, 1)
    } of the ${COSTS[search.target]}, at most ${
      formatPercent(search.share.wanted, 1)
    } were wanted. Roll-outs are networks read off the statistics, measured on ${search.images} training images; the best were cut with the sequential repair, and the best of these was written.</p>
${charts.map(renderChart)}`,
  };
}

function sourceLegend(rollouts: readonly LoggedRollout[]): LegendEntry[] {
  const used = new Set(rollouts.map(({ source }) => source));
  return (Object.keys(SOURCES) as RolloutSource[]).filter((source) => used.has(source))
    .map((source) => ({ ...SOURCES[source], shape: SOURCES[source].symbol }));
}

/** How a roll-out's mark looks. */
const MARK = {
  fill: ({ source }: LoggedRollout) => `var(${SOURCES[source].colour})`,
  symbol: ({ source }: LoggedRollout) => SOURCES[source].symbol,
  stroke: "var(--paper)",
  strokeWidth: 0.7,
};

function describeRollout({ rollout, source, accuracy, convMacs }: LoggedRollout): string {
  return `roll-out ${rollout} (${source}): ${formatPercent(accuracy)}, ${
    formatCount(convMacs)
  } MACs`;
}

function tradeChart({ report }: PruneRecord, rollouts: readonly LoggedRollout[]): Chart {
  const search = report.search!;
  const unit = unitFor(rollouts.map(({ convMacs }) => convMacs));
  const costOf = ({ convMacs }: LoggedRollout) => convMacs / unit.size;
  const worthOf = ({ accuracy }: LoggedRollout) => 100 * accuracy;
  const front = paretoFront(
    rollouts.map((rollout) => ({ rollout, cost: rollout.convMacs, worth: rollout.accuracy })),
  ).map(({ rollout }) => rollout);
  const winner = rollouts.find(({ rollout }) => rollout === search.winner)!;
  const finalists = rollouts.filter(({ rollout }) =>
    search.finalists.some((finalist) => finalist.rollout === rollout)
  );
  const bound = search.target === "macs"
    ? [search.share.wanted * report.macs.convBefore / unit.size]
    : [];
  return {
    id: "trade",
    title: "Accuracy against MACs over the search",
    meaning:
      "Every dot is a network that was tried. The line joins those that no other beats in both. " +
      "Accuracy here is that of training images before the sequential repair: it ranks, it does not promise.",
    summary:
      `${rollouts.length} networks; the winner reached ${formatPercent(winner.accuracy)} with ` +
      `${formatCount(winner.convMacs)} multiply–accumulates in convolutions.`,
    legend: [
      ...sourceLegend(rollouts),
      { label: "finalist", colour: "--ink", shape: "ring" },
      { label: "beaten by none", colour: "--muted", shape: "line" },
    ],
    draw: () => ({
      height: 360,
      marginLeft: 48,
      marginBottom: 44,
      marginTop: 28,
      grid: true,
      x: {
        label: `${unit.word} MACs in convolutions, for one image`.trim(),
        labelAnchor: "center",
        labelArrow: "none",
        nice: true,
        ticks: 5,
      },
      y: { label: "accuracy on training images (%)", labelArrow: "none", nice: true },
      marks: [
        ruleX(bound, { stroke: "var(--muted)", strokeDasharray: "4 3" }),
        text(bound, {
          x: (place: number) => place,
          frameAnchor: "bottom",
          dx: -5,
          dy: -4,
          textAnchor: "end",
          text: () => "budget",
        }),
        line(front, { x: costOf, y: worthOf, curve: "step-after", stroke: "var(--muted)" }),
        dot(rollouts, {
          x: costOf,
          y: worthOf,
          r: 4,
          ...MARK,
          title: describeRollout,
        }),
        dot(finalists, { x: costOf, y: worthOf, r: 8, stroke: "var(--ink)", strokeWidth: 1.5 }),
        text([winner], {
          x: costOf,
          y: worthOf,
          dx: -11,
          textAnchor: "end",
          fontWeight: "bold",
          text: () => "winner",
          stroke: "var(--paper)",
          strokeWidth: 4,
          fill: "var(--ink)",
        }),
      ],
    }),
    table: {
      caption: "All roll-outs",
      header: [
        "roll-out",
        "chosen by",
        "accuracy",
        "loss",
        "MACs in convolutions",
        "share of the cost",
        "reward",
      ],
      rows: rollouts.map((rollout) => [
        rollout.rollout,
        rollout.source,
        formatPercent(rollout.accuracy),
        formatNumber(rollout.loss, 4),
        formatCount(rollout.convMacs),
        formatPercent(rollout.cost, 1),
        formatNumber(rollout.reward, 4),
      ]),
    },
  };
}

function rewardChart(rollouts: readonly LoggedRollout[], winner: number): Chart {
  let best = -Infinity;
  const records = rollouts.map(({ rollout, reward }) => {
    best = Math.max(best, reward);
    return { rollout, best };
  });
  const first = rollouts.find(({ reward }) => reward === best)!;
  return {
    id: "rewards",
    title: "Reward over the search",
    meaning:
      "What a network is worth to the search: its accuracy, or under --reward-policy flops its errors " +
      "weighed with its MACs. The line is the best until then.",
    summary: `The best reward, ${
      formatNumber(best, 4)
    }, came with roll-out ${first.rollout}; roll-out ${winner} won.`,
    legend: [...sourceLegend(rollouts), {
      label: "best until then",
      colour: "--muted",
      shape: "line",
    }],
    draw: () => ({
      height: 260,
      marginLeft: 52,
      marginBottom: 44,
      marginTop: 28,
      grid: true,
      x: { label: "roll-out", labelAnchor: "center", labelArrow: "none", ticks: 6 },
      y: { label: "reward", labelArrow: "none", nice: true },
      marks: [
        line(records, { x: "rollout", y: "best", curve: "step-after", stroke: "var(--muted)" }),
        dot(rollouts, { x: "rollout", y: "reward", r: 3.5, ...MARK, title: describeRollout }),
      ],
    }),
    table: {
      caption: "Reward over the search",
      header: ["roll-out", "reward", "best until then"],
      rows: rollouts.map(({ rollout, reward }, index) => [
        rollout,
        formatNumber(reward, 4),
        formatNumber(records[index].best, 4),
      ]),
    },
  };
}
