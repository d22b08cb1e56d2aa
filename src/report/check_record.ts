import { InputError, ownValue } from "../base/mod.ts";
import { RUN_FORMAT, type RunRecord } from "./run_record.ts";

const KINDS: readonly unknown[] = ["prune", "finetune", "train"];

/**
 * Refuses what is no record of a run. Only what a comparison reads is looked at.
 *
 * @param value What a file holds.
 * @param file The file, for messages.
 * @returns The record.
 * @throws {InputError} When a field is missing or of another type; it is named.
 */
export function checkRecord(value: unknown, file: string): RunRecord {
  const fields = [
    wanted("format", RUN_FORMAT, (found) => found === RUN_FORMAT),
    wanted("kind", KINDS.join(", "), (found) => KINDS.includes(found)),
    ...["model", "out", "command"].map((name) =>
      wanted(name, "a text", (found) => typeof found === "string")
    ),
    wanted("bytes.after", "a number", isNumber),
    wanted("report.seed", "a number", isNumber),
    ...["accuracy", "outputError"].flatMap((figure) =>
      ["before", "after"].map((side) => optionalNumber(`report.${figure}.${side}`))
    ),
    ...["macs", "params"].flatMap((cost) =>
      ["before", "after", "convBefore", "convAfter"].map((side) =>
        optionalNumber(`report.${cost}.${side}`)
      )
    ),
    ...profileFields(value),
  ];
  for (const { name, what, accepts } of fields) {
    const found = fieldOf(value, name);
    if (accepts(found)) continue;
    throw new InputError(
      `reading ${file}: found ${JSON.stringify(found)} as ${name}, wanted ${what}; ` +
        `give a folder that prune, finetune or train has written`,
    );
  }
  return value as RunRecord;
}

/** A pruning run has its costs in its report too, and no profile where nothing was profiled. */
function profileFields(value: unknown): WantedField[] {
  const profile = fieldOf(value, "profile");
  if (profile === undefined) {
    return fieldOf(value, "kind") === "prune"
      ? ["macs", "params"].map((cost) => wanted(`report.${cost}`, "an object", isObject))
      : [];
  }
  const isTimed = fieldOf(value, "profile.latency") !== undefined;
  return [
    wanted("profile.after", "an object", isObject),
    ...["profile.before", "profile.latency"].map((name) =>
      wanted(name, "an object or nothing", (found) => found === undefined || isObject(found))
    ),
    ...["before", "after"].flatMap((side) =>
      ["macs", "convMacs", "params", "milliseconds"].map((cost) =>
        optionalNumber(`profile.${side}.${cost}`)
      )
    ),
    ...(isTimed ? [wanted("profile.latency.conditions", "an object", isObject)] : []),
  ];
}

interface WantedField {
  readonly name: string;
  readonly what: string;
  readonly accepts: (found: unknown) => boolean;
}

function wanted(name: string, what: string, accepts: WantedField["accepts"]): WantedField {
  return { name, what, accepts };
}

function optionalNumber(name: string): WantedField {
  return wanted(name, "a number or nothing", (found) => found === undefined || isNumber(found));
}

function isObject(found: unknown): boolean {
  return typeof found === "object" && found !== null && !Array.isArray(found);
}

function isNumber(found: unknown): boolean {
  return typeof found === "number" && Number.isFinite(found);
}

function fieldOf(value: unknown, name: string): unknown {
  return name.split(".").reduce<unknown>(
    (part, key) =>
      typeof part === "object" && part !== null
        ? ownValue(part as Record<string, unknown>, key)
        : undefined,
    value,
  );
}
