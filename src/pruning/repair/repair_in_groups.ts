import type { LayerPlan } from "../policy/mod.ts";
import { hasState } from "../../tuning/mod.ts";
import { placeOfStage, removeStages, type RunFolder } from "../run_folder.ts";
import { plansToRepair, type RepairContext, repairLayers, startRepair } from "./repair.ts";
import { withoutBlocks } from "./left_blocks.ts";
import { loadRepair, type RepairProgress, saveRepair } from "./repair_state.ts";
import { groupOptions, partIntoGroups, tuneGroup } from "./tune_group.ts";
import type { Tuner } from "./tuner.ts";

/**
 * Cuts and repairs a network, group by group, with tuning between the groups if there is any.
 *
 * @param context What to work with.
 * @param plans Every layer's plan, in graph order.
 * @param tuner Tunes what is repaired.
 * @param folder Where the state is kept after every group.
 * @returns The repaired network, masked, and the epochs of the groups.
 * @throws {InputError} When there is no state to go on from.
 */
export async function repairInGroups(
  context: RepairContext,
  plans: readonly LayerPlan[],
  tuner?: Tuner,
  folder?: RunFolder,
): Promise<RepairProgress> {
  const { map, clock } = context;
  const groups = partIntoGroups(plansToRepair(context, plans), tuner?.groups?.size ?? Infinity);
  const place = folder && placeOfStage(folder, "repair");
  const keep = async (state: RepairProgress) => {
    if (place) await saveRepair(place, state);
    return state;
  };
  const isRepairing = place?.resume && (!folder?.searches || await hasState(place.folder));
  if (folder && !isRepairing) await removeStages(folder, "repair");
  let state = isRepairing
    ? await loadRepair(place, withoutBlocks(context.graph, plans))
    : await keep({ repair: await startRepair(context, plans), repaired: 0, groups: [] });
  context.original.release();
  for (const [index, group] of groups.entries()) {
    if (state.repaired <= index) {
      const repair = await repairLayers(context, group, state.repair);
      state = await keep({ ...state, repair, repaired: index + 1 });
    }
    const ahead = groups[index + 1]?.[0].node;
    if (tuner?.groups === undefined || ahead === undefined || state.groups.length > index) continue;
    const options = groupOptions(tuner.options, tuner.groups);
    const stage = folder && placeOfStage(folder, `group-${index + 1}`);
    const { repair, tuned } = await clock.time("tune", () =>
      tuneGroup(
        map,
        state.repair,
        ahead,
        (graph, zeros) => tuner.run(graph, { options, zeros, place: stage }),
      ));
    state = await keep({ ...state, repair, groups: [...state.groups, tuned.history] });
  }
  return state;
}
