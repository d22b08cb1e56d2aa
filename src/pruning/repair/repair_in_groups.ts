import { join } from "node:path";
import type { LayerPlan } from "../policy/mod.ts";
import { hasState, type Identity, nameState } from "../../tuning/mod.ts";
import { plansToRepair, type RepairContext, repairLayers, startRepair } from "./repair.ts";
import { loadRepair, type RepairProgress, saveRepair } from "./repair_state.ts";
import { groupOptions, partIntoGroups, tuneGroup } from "./tune_group.ts";
import type { Tuner } from "./tuner.ts";

/** Where a run keeps its state. */
export interface RunFolder {
  /** Folder of the checkpoint. */
  readonly checkpoint: string;
  /** What the run is. */
  readonly identity: Identity;
  /** Go on from the state that is there. */
  readonly resume: boolean;
  /** Whether the run begins with a search, whose journal is there before any other state. */
  readonly hasJournal: boolean;
}

/**
 * Says in the error of a lost thread where the state of the run is.
 *
 * @param error What ended the run.
 * @param folder Where the run keeps its state.
 * @returns The error to throw.
 */
export async function nameRunState(error: unknown, folder?: RunFolder): Promise<unknown> {
  return folder ? await nameState(error, placeOf(folder), folder.identity) : error;
}

function placeOf({ checkpoint }: RunFolder): string {
  return join(checkpoint, "repair");
}

/**
 * Cuts and repairs a network, group by group, with tuning between the groups if there is any.
 *
 * @param context What to work with.
 * @param plans Every layer's plan, in graph order.
 * @param tuner Tunes what is repaired.
 * @param folder Where the state is kept after every group.
 * @returns The repaired network, masked, and the epochs of the groups.
 * @throws {InputError} When a layer to be cut has fewer samples than inputs, or there is no state to go on from.
 */
export async function repairInGroups(
  context: RepairContext,
  plans: readonly LayerPlan[],
  tuner?: Tuner,
  folder?: RunFolder,
): Promise<RepairProgress> {
  const { map, clock } = context;
  const groups = partIntoGroups(plansToRepair(context, plans), tuner?.groups?.size ?? Infinity);
  const place = folder && placeOf(folder);
  const keep = async (state: RepairProgress) => {
    if (folder && place) await saveRepair(place, folder.identity, state);
    return state;
  };
  const isRepairing = folder?.resume && (!folder.hasJournal || await hasState(place!));
  let state = isRepairing
    ? await loadRepair(place!, folder.identity, context.graph)
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
    const { repair, tuned } = await clock.time("tune", () =>
      tuneGroup(
        map,
        state.repair,
        ahead,
        (graph, zeros) => tuner.run(`group-${index + 1}`, graph, options, zeros),
      ));
    state = await keep({ ...state, repair, groups: [...state.groups, tuned.history] });
  }
  return state;
}
