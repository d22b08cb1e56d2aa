import { dot, line, ruleX, text } from "@observablehq/plot";
import type { LoggedRollout } from "../../pruning/mod.ts";
import { type Chart, renderChart } from "../chart.ts";
import { html } from "../html.ts";
import { ACCURACY, measureOf, shareOf } from "../measure.ts";
import { paretoFront } from "../../base/mod.ts";
import type { PruneRecord } from "../run_record.ts";
import type { Section } from "../section.ts";
import { formatCount, formatNumber, formatPercent, unitFor } from "../units.ts";
import { MARK, markWinner, type Search, sourceLegend, SOURCES, titleWith } from "./search_marks.ts";

const COSTS = {
  macs: "multiply–accumulates of the convolutions",
  params: "parameters",
  latency: "estimated latency",
} as const;

/** What the search tried. */
export function searchSection(record: PruneRecord): Section | undefined {
  const { search: report } = record.report;
  const tried = record.search?.rollouts ?? [];
  if (report === undefined || tried.length === 0) return undefined;
  const search: Search = {
    measure: measureOf(tried),
    rollouts: tried.filter(({ source }) => source !== "refined"),
    finalists: tried.filter(({ source }) => source === "refined"),
    winner: tried.find(({ rollout }) => rollout === report.winner),
  };
  const charts = [tradeChart(record, search), rewardChart(search)];
  return {
    id: "search",
    title: "Search",
    body: html`<p>Network ${report.winner} won. It keeps ${
      formatPercent(report.share.found, 1)
    } of the ${COSTS[report.target]}; at most ${
      formatPercent(report.share.wanted, 1)
    } were wanted.</p>
<p>The ${search.rollouts.length} roll-outs are networks read off the statistics of the original, BatchNormalization estimated anew, and measured on ${report.images} training images. ${search.finalists.length} finalists, the best of them and networks near what was best then, were cut, repaired and measured once more, on as many training images or more: they compare with each other, not with roll-outs. Where the network was repaired as a whole, some steps of that ranked them; where the start was not the best, the last two are the start and the best with all steps.</p>
${charts.map(renderChart)}`,
  };
}

function tradeChart({ report }: PruneRecord, search: Search): Chart {
  const { measure, rollouts, finalists, winner } = search;
  const { target, share } = report.search!;
  const all = [...rollouts, ...finalists];
  const unit = unitFor(all.map(({ macs }) => macs));
  const x = ({ macs }: LoggedRollout) => macs / unit.size;
  const y = (tried: LoggedRollout) => 100 * shareOf(tried);
  const front = paretoFront(
    rollouts.map((rollout) => ({ rollout, cost: rollout.macs, quality: -rollout.error })),
  ).map(({ rollout }) => rollout);
  const bound = target === "macs" ? [share.wanted * report.macs.before / unit.size] : [];
  return {
    id: "trade",
    title: `${measure.title} against MACs over the search`,
    meaning:
      "Every mark is a network that was tried. The line joins the roll-outs that no other roll-out beats in " +
      "both. Roll-outs are measured without a repair: they rank, they do not promise.",
    summary: `${rollouts.length} roll-outs and ${finalists.length} finalists` +
      (winner
        ? `; the winner has ${measure.name} ${formatPercent(shareOf(winner))} with ${
          formatCount(winner.macs)
        } multiply–accumulates.`
        : "."),
    legend: [
      ...sourceLegend(search),
      { label: "no roll-out beats these", color: "--muted", shape: "line" },
    ],
    draw: () => ({
      height: 360,
      marginLeft: 48,
      marginBottom: 44,
      marginTop: 28,
      grid: true,
      x: {
        label: `${unit.word} MACs, for one image`.trim(),
        labelAnchor: "center",
        labelArrow: "none",
        nice: true,
        ticks: 5,
      },
      y: { label: `${measure.name} on training images (%)`, labelArrow: "none", nice: true },
      marks: [
        ruleX(bound, { stroke: "var(--muted)", strokeDasharray: "4 3" }),
        text(bound, {
          x: (place: number) => place,
          // Where no good network is.
          ...(measure === ACCURACY
            ? { frameAnchor: "bottom", dy: -4 } as const
            : { frameAnchor: "top", dy: 4 } as const),
          dx: -5,
          textAnchor: "end",
          text: () => "budget",
        }),
        line(front, { x, y, curve: "step-after", stroke: "var(--muted)" }),
        dot(all, { x, y, r: 4, ...MARK, title: titleWith(measure) }),
        ...markWinner(search, { x, y }),
      ],
    }),
    table: {
      caption: "All networks that were tried",
      header: [
        "number",
        "chosen by",
        measure.name,
        "loss",
        "MACs",
        "share of the cost",
        "reward",
      ],
      rows: all.map((tried) => [
        tried.rollout,
        SOURCES[tried.source].name,
        formatPercent(shareOf(tried)),
        formatNumber(tried.loss, 4),
        formatCount(tried.macs),
        formatPercent(tried.cost, 1),
        formatNumber(tried.reward, 4),
      ]),
    },
  };
}

function rewardChart(search: Search): Chart {
  const { measure, rollouts, finalists, winner } = search;
  const all = [...rollouts, ...finalists];
  let best = -Infinity;
  const records = rollouts.map(({ rollout, reward }) => {
    best = Math.max(best, reward);
    return { rollout, best };
  });
  const first = rollouts.find(({ reward }) => reward === best);
  const border = rollouts.length > 0 && finalists.length > 0 ? [rollouts.length + 0.5] : [];
  const [x, y] = [
    ({ rollout }: LoggedRollout) => rollout,
    ({ reward }: LoggedRollout) => reward,
  ];
  return {
    id: "rewards",
    title: "Reward over the search",
    meaning:
      "What a network is worth to the search: 1 without any error, or under the reward policy flops its errors " +
      "weighed with its MACs. The line is the best roll-out until then; of finalists the smallest loss wins, " +
      "under flops the largest reward.",
    summary: [
      ...(first
        ? [`The best roll-out, number ${first.rollout}, has ${formatNumber(best, 4)}`]
        : []),
      ...(winner
        ? [`the winner, number ${winner.rollout}, ${formatNumber(winner.reward, 4)}`]
        : []),
    ].join("; ") + ".",
    legend: [
      ...sourceLegend(search),
      { label: "best roll-out until then", color: "--muted", shape: "line" },
    ],
    draw: () => ({
      height: 260,
      marginLeft: 52,
      marginBottom: 44,
      marginTop: 28,
      grid: true,
      x: { label: "number", labelAnchor: "center", labelArrow: "none", ticks: 6, insetRight: 16 },
      y: { label: "reward", labelArrow: "none", nice: true },
      marks: [
        ruleX(border, { stroke: "var(--muted)", strokeDasharray: "4 3" }),
        line(records, { x: "rollout", y: "best", curve: "step-after", stroke: "var(--muted)" }),
        dot(all, { x, y, r: 3.5, ...MARK, title: titleWith(measure) }),
        ...markWinner(search, { x, y }),
      ],
    }),
    table: {
      caption: "Reward over the search",
      header: ["number", "chosen by", "reward", "best roll-out until then"],
      rows: all.map(({ rollout, source, reward }, index) => [
        rollout,
        SOURCES[source].name,
        formatNumber(reward, 4),
        records[index] && formatNumber(records[index].best, 4),
      ]),
    },
  };
}
