import type { InputError } from "../../base/mod.ts";
import type { LayerCall } from "./expand_layers.ts";

/** What can refuse a layer: a writer of some format. */
export interface LayerRefuser {
  /** The refusal of a layer: what was found in it, what was wanted, and what to do. */
  refusal(call: LayerCall, found: string): InputError;
}

/** A pair of numbers from an option that is one number or two. */
export function pairOf(value: unknown, fallback: readonly [number, number]): [number, number] {
  if (value === undefined || value === null) return [...fallback];
  return Array.isArray(value) ? [value[0], value[1]] : [Number(value), Number(value)];
}

/** A layer's activation in lower case, without underscores; `linear` when it has none. */
export function activationOf({ config }: LayerCall): string {
  const given = config.activation ?? "linear";
  const name = typeof given === "string" ? given : (given as { class_name?: string }).class_name;
  return String(name).replaceAll("_", "").toLowerCase();
}

/** Refuses layers whose channels are not last. */
export function requireChannelsLast(writer: LayerRefuser, call: LayerCall): void {
  const format = call.config.data_format;
  if (format === "channels_first" || format === "channelsFirst") {
    throw writer.refusal(call, "has its channels first, wanted them last; build it so");
  }
}
