import { networkCost, sumTerms } from "../../cost/mod.ts";
import { InputError } from "../../base/mod.ts";
import type { Judge } from "../judge.ts";
import { adaptBatchNorm } from "../measure_network.ts";
import type { CurvePoint } from "../types.ts";
import { solveBudget } from "./budget_ratios.ts";
import type { BudgetContext, BudgetSetup } from "./set_up_budget.ts";

/** A network of the curve, with the counts that make it. */
export interface TracedPoint extends CurvePoint {
  /** Channels that every unit keeps. */
  readonly counts: readonly number[];
}

/**
 * Follows a network from large to small: at every share of the cost the counts that the policy `budget` chooses, read off
 * the statistics. No layer is repaired behind others, so a network that is written loses less than its point says.
 *
 * @param context The original network and its statistics.
 * @param setup The question of the budget.
 * @param judge Measures the networks.
 * @param shares Shares of the cost, descending.
 * @param onPoint Receives every point as it is found.
 * @returns The points; shares that cannot be reached have none.
 */
export async function traceCurve(
  context: BudgetContext,
  setup: BudgetSetup,
  judge: Judge,
  shares: readonly number[],
  onPoint: (point: TracedPoint) => void = () => {},
): Promise<TracedPoint[]> {
  const points: TracedPoint[] = [];
  for (const [index, share] of shares.entries()) {
    context.onStage("following the curve", index, shares.length);
    context.signal?.throwIfAborted();
    const counts = await countsFor(context, setup, share);
    if (counts === undefined) break;
    const point = await measurePoint(context, setup, judge, { share, counts });
    points.push(point);
    onPoint(point);
  }
  return points;
}

/** The counts of a share; undefined where it cannot be reached. */
async function countsFor(
  context: BudgetContext,
  setup: BudgetSetup,
  share: number,
): Promise<readonly number[] | undefined> {
  try {
    const { counts } = await solveBudget(context, setup, { share });
    return counts;
  } catch (error) {
    if (error instanceof InputError) return undefined;
    throw error;
  }
}

async function measurePoint(
  context: BudgetContext,
  { networks, problem, predictions: { batchSize } }: BudgetSetup,
  judge: Judge,
  { share, counts }: { readonly share: number; readonly counts: readonly number[] },
): Promise<TracedPoint> {
  const graph = await adaptBatchNorm(context, networks.cutTo(counts));
  const { macs, params } = networkCost(graph);
  return {
    share,
    counts,
    macs,
    params,
    ...(batchSize !== undefined && { milliseconds: sumTerms(problem.terms, counts) / batchSize }),
    ...await judge.judge(graph),
  };
}
