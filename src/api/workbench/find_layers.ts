import { distance } from "fastest-levenshtein";
import { InputError } from "../../base/mod.ts";

/** Names that a message offers in the place of one that is not there. */
const NEAR_NAMES = 3;

/**
 * Finds the layers that somebody means.
 *
 * @param pattern A name; `all`; or a pattern, in which `*` stands for any characters and `?` for one.
 * @param names The names that there are.
 * @returns Those that are meant, at least one, in the order of `names`.
 * @throws {InputError} When there is none; the message has the nearest names.
 */
export function findLayers(pattern: string, names: readonly string[]): readonly string[] {
  if (names.includes(pattern)) return [pattern];
  if (pattern === "all") return names;
  const found = /[*?]/.test(pattern) ? names.filter((name) => matches(pattern, name)) : [];
  if (found.length > 0) return found;
  const near = names.toSorted((a, b) => distance(pattern, a) - distance(pattern, b));
  throw new InputError(
    `choosing layers: found none called "${pattern}", wanted a name, a pattern such as ` +
      `conv*, or all; the nearest names are ${near.slice(0, NEAR_NAMES).join(", ")}`,
  );
}

function matches(pattern: string, name: string): boolean {
  const escaped = pattern.replace(/[^\w*?]/g, "\\$&");
  return new RegExp(`^${escaped.replaceAll("*", ".*").replaceAll("?", ".")}$`, "s").test(name);
}
