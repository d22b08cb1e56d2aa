import type { ReaderPlace } from "../../graph/mod.ts";
import { chooseCounts, type ChosenRatios, type PlanRules, ratiosOfCounts } from "../policy/mod.ts";
import { type BudgetContext, type BudgetSetup, setUpBudget } from "./set_up_budget.ts";
import { placeOfLatencies, type RunFolder } from "../run_folder.ts";
import type { BudgetGoal, BudgetPolicy, BudgetReport } from "../types.ts";

/**
 * Chooses how many channels every convolution keeps, without a search: the counts that minimize the summed errors of all
 * layers that read what is cut, each unitErrors by what it costs in loss (`priceErrors`), within the budget
 * (`chooseCounts`).
 *
 * @param context What to work with.
 * @param places The network's convolutions.
 * @param rules Rules for all layers.
 * @param policy The budget.
 * @param folder Where the run keeps its state, if it does.
 * @returns A ratio for every convolution, channels that are settled, and the evidence.
 * @throws {InputError} When the budget cannot be reached: the message says what can.
 */
export async function findBudgetRatios(
  context: BudgetContext,
  places: readonly ReaderPlace[],
  rules: PlanRules,
  policy: BudgetPolicy,
  folder?: RunFolder,
): Promise<ChosenRatios & { readonly report: BudgetReport }> {
  const runTable = policy.target === "latency" ? await placeOfLatencies(folder) : undefined;
  const setup = await setUpBudget(context, places, rules, policy, runTable);
  const { counts, report } = await solveBudget(context, setup, policy);
  return {
    ...ratiosOfCounts(places, setup.units, counts),
    fixed: setup.networks.fixedChannels(counts),
    report,
  };
}

/**
 * Answers the question of a budget.
 *
 * @param context Takes the time.
 * @param setup The question.
 * @param goal The budget.
 * @returns A count for every decision, and the evidence.
 * @throws {InputError} When the budget cannot be reached: the message says what can.
 */
export async function solveBudget(
  { clock }: Pick<BudgetContext, "clock">,
  { problem, whole, added, predictions }: BudgetSetup,
  { share, target = "macs" }: BudgetGoal,
): Promise<{ counts: readonly number[]; report: BudgetReport }> {
  const chosen = await clock.time("select", () => chooseCounts(problem, share - added));
  const report: BudgetReport = {
    target,
    share: { wanted: share, found: chosen.cost / whole + added },
    error: chosen.error,
    isOptimal: chosen.method === "elimination" && chosen.costSlack === 0,
    lowerBound: chosen.lowerBound,
    ...predictions,
  };
  return { counts: chosen.counts, report };
}
