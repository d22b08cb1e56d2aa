const WARM_UP_MS = 300;

/** Smallest, middle and largest of some measurements. */
export interface Spread {
  /** The smallest. */
  min: number;
  /** The middle one. */
  median: number;
  /** The largest. */
  max: number;
}

/**
 * Sums up measurements.
 *
 * @param values At least one.
 * @returns Their spread; the median of an even number is the lower middle one.
 */
export function spreadOf(values: number[]): Spread {
  const sorted = values.toSorted((a, b) => a - b);
  return {
    min: sorted[0],
    median: sorted[Math.floor((sorted.length - 1) / 2)],
    max: sorted[sorted.length - 1],
  };
}

/**
 * Times functions in turns, after a warm-up: WASM runs slowly until the engine has optimized it in the background.
 *
 * @param runs How often each.
 * @param functions What to time.
 * @returns Seconds of each function.
 */
export function measureInTurns(runs: number, functions: (() => void)[]): Spread[] {
  const warmUntil = performance.now() + WARM_UP_MS;
  do {
    for (const run of functions) run();
  } while (performance.now() < warmUntil);
  const seconds: number[][] = functions.map(() => []);
  for (let turn = 0; turn < runs; turn++) {
    functions.forEach((run, index) => {
      const start = performance.now();
      run();
      seconds[index].push((performance.now() - start) / 1e3);
    });
  }
  return seconds.map(spreadOf);
}

/**
 * A spread as `min / median / max`.
 *
 * @param spread The spread.
 * @param scale Factor from its unit to the one to print.
 * @param digits Digits after the point.
 * @returns The text.
 */
export function formatSpread(spread: Spread, scale: number, digits: number): string {
  return [spread.min, spread.median, spread.max]
    .map((value) => (scale * value).toFixed(digits)).join(" / ");
}

/**
 * A Markdown table with one row per record.
 *
 * @param records Rows; the keys of the first are the heads of the columns.
 * @returns The table.
 */
export function formatTable(records: Record<string, string>[]): string {
  const heads = Object.keys(records[0]);
  const lines = [heads, heads.map(() => "---"), ...records.map((record) => Object.values(record))];
  return lines.map((cells) => `| ${cells.join(" | ")} |`).join("\n");
}
