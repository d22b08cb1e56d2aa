import { ruleX } from "@observablehq/plot";
import type { EpochReport } from "../../tuning/mod.ts";
import type { Drawing } from "../draw_svg.ts";
import type { RunRecord } from "../run_record.ts";

/** An epoch in the course of the run. */
export interface Step extends EpochReport {
  /** Its number over all groups, from 1. */
  readonly place: number;
  /** What was tuned. */
  readonly stage: string;
}

/** The epochs of a run, those of groups first. */
export function listSteps(record: RunRecord): Step[] {
  const groups = record.kind === "prune" ? record.report.tuning?.groups ?? [] : [];
  const whole = record.kind === "prune" ? record.report.tuning?.epochs ?? [] : record.report.epochs;
  const named = [
    ...groups.flatMap((epochs, group) =>
      epochs.map((epoch) => [`group ${group + 1}`, epoch] as const)
    ),
    ...whole.map((epoch) => ["whole network", epoch] as const),
  ];
  return named.map(([stage, epoch], index) => ({ ...epoch, stage, place: index + 1 }));
}

/** Places where another group begins. */
export function bordersOf(steps: readonly Step[]): number[] {
  return steps.flatMap(({ stage, place }, index) =>
    index > 0 && steps[index - 1].stage !== stage ? [place - 0.5] : []
  );
}

/** The part that charts over epochs have in common. */
export function layOut(steps: readonly Step[], label: string): Drawing {
  return {
    height: 280,
    marginLeft: 46,
    marginRight: 20,
    marginTop: 28,
    marginBottom: 44,
    grid: true,
    x: {
      label: "epoch",
      labelAnchor: "center",
      labelArrow: "none",
      domain: [0.5, steps.length + 0.5],
      ticks: Math.min(steps.length, 8),
      tickFormat: (place: number) => Number.isInteger(place) ? String(place) : "",
    },
    y: { label, labelArrow: "none", nice: true },
    marks: [ruleX(bordersOf(steps), { stroke: "var(--muted)", strokeDasharray: "3 3" })],
  };
}
