/**
 * Draws the pictures of the README into docs/images, each for light and for dark pages. `deno task figures` runs it.
 *
 * The chart is drawn from bench/results and from peers.json beside this file. The report is that of a run of its own, for
 * which Chromium has to be installed (Debian: `apt-get install chromium fonts-liberation2`).
 *
 * @module
 */
import { join } from "node:path";
import { findProgram } from "../../test/support/programs.ts";
import { drawTradeOff, THEMES } from "./draw_trade_off.ts";
import { pictureReport, pruneExample } from "./report_picture.ts";
import { readTradeOffPoints } from "./trade_off_points.ts";

const IMAGES = new URL("../images/", import.meta.url);

const points = await readTradeOffPoints();
for (const [name, theme] of Object.entries(THEMES)) {
  const file = new URL(`trade-off-${name}.svg`, IMAGES);
  await Deno.writeTextFile(file, drawTradeOff(points, theme));
}

const executablePath = findProgram("chromium");
if (executablePath === undefined) {
  console.error("no picture of a report: found no Chromium; install it and run the task again");
  Deno.exit(1);
}
const { chromium } = await import("playwright-core");
const folder = await Deno.makeTempDir();
const browser = await chromium.launch({
  executablePath,
  args: [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
  ],
});
try {
  const pruned = join(folder, "smaller");
  await pruneExample(pruned);
  for (const scheme of ["light", "dark"] as const) {
    const file = new URL(`report-${scheme}.png`, IMAGES);
    await Deno.writeFile(file, await pictureReport(browser, pruned, scheme));
  }
} finally {
  await browser.close();
  await Deno.remove(folder, { recursive: true });
}
