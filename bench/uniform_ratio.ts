import { costModel, sumTerms } from "../src/cost/mod.ts";
import { findChannelSpaces, listCutUnits, listReaders, openNetwork } from "../src/graph/mod.ts";
import { disposeModel, type ModelFile } from "../src/model/mod.ts";
import { planLayers, uniformRatios } from "../src/pruning/policy/mod.ts";

const STEP = 0.005;

/** The ratio of all convolutions, and what it leaves of the cost. */
export interface UniformRatio {
  /** The ratio. */
  readonly ratio: number;
  /** Share of the multiply–accumulates that it keeps. */
  readonly share: number;
}

/**
 * Lists uniform ratios of a network whose shared channels are coupled. Where layers read a part of what is joined, the shares
 * are about those of a cut, which chooses its channels otherwise.
 *
 * @param file The network.
 * @returns Ratios from 0.005 to 1, with the share of the multiply–accumulates that each keeps.
 */
export async function listUniformRatios(file: ModelFile): Promise<UniformRatio[]> {
  const { graph, model } = await openNetwork(file);
  disposeModel(model);
  const map = findChannelSpaces(graph);
  const places = listReaders(graph, map, "couple");
  const units = listCutUnits(graph, map, places);
  const { macs } = costModel(
    graph,
    map,
    units,
    (unit, count) => spread(units[unit].channels, count),
  );
  const costOf = (ratio: number) => {
    const rules = { skip: [], channelMultiple: 1 };
    const plans = planLayers(graph, map, places, uniformRatios(ratio, places), rules);
    const cuts = new Map(plans.flatMap((plan) => plan.cuts ?? []).map((cut) => [cut.space, cut]));
    const kept = new Map(plans.map(({ node, keep }) => [node.key, keep]));
    return sumTerms(
      macs,
      units.map(({ space, channels, readers: [first] }) =>
        space === undefined ? kept.get(first)! : cuts.get(space)?.keep ?? channels
      ),
    );
  };
  return Array.from({ length: 1 / STEP }, (_, index) => {
    const ratio = (index + 1) * STEP;
    return { ratio, share: costOf(ratio) / costOf(1) };
  });
}

/** Some of a unit's channels, evenly: of what concatenations join each branch loses its share. */
function spread(channels: number, count: number): Int32Array {
  return Int32Array.from({ length: count }, (_, place) => Math.floor(place * channels / count));
}

/**
 * The uniform ratio that comes nearest to a budget.
 *
 * @param ratios Some ratios.
 * @param share The budget, as a share of the multiply–accumulates.
 * @returns One of them.
 */
export function nearestRatio(ratios: readonly UniformRatio[], share: number): UniformRatio {
  return ratios.reduce((best, each) =>
    Math.abs(each.share - share) < Math.abs(best.share - share) ? each : best
  );
}
