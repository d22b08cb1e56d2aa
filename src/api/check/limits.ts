import { InputError, parseJson } from "../../base/mod.ts";

/** What a limit asks of a figure. */
interface LimitKind {
  /** Whether the figure must stay below the limit or reach it. */
  readonly side: "most" | "least";
  /** What has to be there besides the model. */
  readonly needs: readonly ("data" | "reference")[];
  /** What it means, in words. */
  readonly meaning: string;
}

/**
 * Name of a limit:
 *
 * - at most: `bytes` on disk, `params` (number of weights), `macs` (multiply–accumulates for one image), `convMacs`
 *   (those of convolutions), `latency` (milliseconds of a prediction, the median), `latencyShare` (the same over that of
 *   the reference), `accuracyDrop` (accuracy of the reference less that of the model), `outputError` (relative error of
 *   the outputs against the reference's);
 * - at least: `accuracy` (share of test images classified rightly, 0 to 1).
 */
export type LimitName =
  | "bytes"
  | "params"
  | "macs"
  | "convMacs"
  | "latency"
  | "latencyShare"
  | "accuracy"
  | "accuracyDrop"
  | "outputError";

/** Limits that a budget file may name. */
export const LIMITS: Record<LimitName, LimitKind> = {
  bytes: { side: "most", needs: [], meaning: "bytes of the model on disk" },
  params: { side: "most", needs: [], meaning: "weights" },
  macs: { side: "most", needs: [], meaning: "multiply-accumulates for one image" },
  convMacs: { side: "most", needs: [], meaning: "of these, those in convolutions" },
  latency: {
    side: "most",
    needs: [],
    meaning: "milliseconds of a prediction on stock tfjs-wasm, median",
  },
  latencyShare: {
    side: "most",
    needs: ["reference"],
    meaning: "the same over that of the reference, measured in turns",
  },
  accuracy: { side: "least", needs: ["data"], meaning: "share of test images classified rightly" },
  accuracyDrop: {
    side: "most",
    needs: ["data", "reference"],
    meaning: "accuracy of the reference less that of the model",
  },
  outputError: {
    side: "most",
    needs: ["data", "reference"],
    meaning: "relative error of the outputs against those of the reference",
  },
};

/** Limits by name, as a budget file holds them. */
export type Limits = Partial<Record<LimitName, number>>;

/** What a budget file's limits need: images, another model, a measured latency. */
export interface Needs {
  /** Whether accuracies are asked for. */
  readonly data: boolean;
  /** Whether another model is compared with. */
  readonly reference: boolean;
  /** Whether latencies are asked for. */
  readonly latency: boolean;
}

/**
 * Reads a budget file: a JSON object with a number for every limit that is to hold, by the names of {@link LimitName}.
 *
 * @param text Its content.
 * @param path Its path, for messages.
 * @returns The limits.
 * @throws {InputError} When it is no such object, is empty, or names something that is no limit.
 *
 * @example Read a budget file
 * ```ts
 * import { parseLimits } from "secateur";
 * import assert from "node:assert/strict";
 * import { readFile } from "node:fs/promises";
 *
 * const path = "cli/example/budget.json";
 * const limits = parseLimits(await readFile(path, "utf8"), path);
 * assert.deepEqual(limits, { bytes: 400_000, macs: 10_000_000, latency: 100 });
 * assert.throws(() => parseLimits('{ "size": 1 }', "budget.json"), /found the limit "size"/);
 * ```
 */
export function parseLimits(text: string, path: string): Limits {
  let parsed: unknown;
  try {
    parsed = parseJson(text);
  } catch (error) {
    throw new InputError(
      `reading ${path}: ${
        (error as Error).message
      }, wanted JSON; mend the file, as {"params": 100000}`,
    );
  }
  if (typeof parsed !== "object" || parsed === null || Array.isArray(parsed)) {
    throw new InputError(
      `reading ${path}: found ${
        JSON.stringify(parsed)
      }, wanted an object; write it as {"params": 100000}`,
    );
  }
  const entries = Object.entries(parsed);
  const known = Object.keys(LIMITS).join(", ");
  if (entries.length === 0) {
    throw new InputError(
      `reading ${path}: found no limit, wanted one or more of ${known}; ` +
        `write it as {"params": 100000}`,
    );
  }
  for (const [name, limit] of entries) {
    if (!Object.hasOwn(LIMITS, name)) {
      throw new InputError(
        `reading ${path}: found the limit "${name}", wanted one of ${known}; ` +
          `mend the name, or take the limit out`,
      );
    }
    if (!(typeof limit === "number" && limit >= 0 && Number.isFinite(limit))) {
      throw new InputError(
        `reading ${path}: found ${
          JSON.stringify(limit)
        } for "${name}", wanted a number of at least 0; mend the number, or take the limit out`,
      );
    }
  }
  return parsed as Limits;
}

/**
 * What has to be measured for some limits.
 *
 * @param limits The limits.
 * @returns What they need.
 */
export function needsOf(limits: Limits): Needs {
  const names = Object.keys(limits) as LimitName[];
  const needs = names.flatMap((name) => LIMITS[name].needs);
  return {
    data: needs.includes("data"),
    reference: needs.includes("reference"),
    latency: names.some((name) => name.startsWith("latency")),
  };
}
