import type { Browser } from "playwright-core";

const CANDIDATES = ["chromium", "chromium-browser", "google-chrome"].map((name) =>
  `/usr/bin/${name}`
);

/** How long a browser may take to start: the machine may be busy. */
const PATIENCE_MS = 300_000;

/** Where Chromium is installed; undefined where it is not, and tests that need it are skipped and say so. */
export async function findChromium(): Promise<string | undefined> {
  for (const path of CANDIDATES) {
    if (await Deno.stat(path).then(() => true, () => false)) return path;
  }
}

/** What the name of a test says that is skipped without Chromium. */
export function chromiumHint(chromium: string | undefined): string {
  return chromium === undefined ? ` (skipped: found none of ${CANDIDATES.join(", ")})` : "";
}

/**
 * Starts Chromium without a window. The library is loaded here: it asks for more than tests may do, and so for a process
 * of its own.
 *
 * @param executablePath What {@link findChromium} gives.
 * @returns The browser.
 */
export async function startChromium(executablePath: string): Promise<Browser> {
  const { chromium } = await import("playwright-core");
  return await chromium.launch({ executablePath, args: ["--no-sandbox"], timeout: PATIENCE_MS });
}
