/**
 * Makes every figure of the README anew. `deno task figures` runs it.
 *
 * The chart is drawn from bench/results and from peers.json beside this file, into docs/images, for light and for dark
 * pages. The README's command is run, and again without its effort; bench/results/readme_run.json keeps what it prints, the
 * README shows it, and docs/images has pictures of its report, for which Chromium has to be installed (Debian: `apt-get
 * install chromium fonts-liberation2`). What the README says of recorded runs is held to them by a test.
 *
 * @module
 */
import { createHash } from "node:crypto";
import { join } from "node:path";
import { describeCircumstances } from "../../bench/circumstances.ts";
import { findProgram } from "../../test/support/programs.ts";
import { drawTradeOff, THEMES } from "./draw_trade_off.ts";
import { commandOfReadme, fillReadme, README, README_RUN, type ReadmeRun } from "./readme_run.ts";
import { pictureReport, pruneExample } from "./report_picture.ts";
import { readTradeOffPoints } from "./trade_off_points.ts";

const ROOT = new URL("../../", import.meta.url);

/** The command as it is typed. */
const commandLine = (words: readonly string[]) => `deno task secateur ${words.join(" ")}`;

/** The same command with the effort that is usual. */
function withoutEffort(words: readonly string[]): string[] {
  return words.toSpliced(words.indexOf("--effort"), 2);
}

const points = await readTradeOffPoints();
for (const [name, theme] of Object.entries(THEMES)) {
  const file = new URL(`docs/images/trade-off-${name}.svg`, ROOT);
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
  const circumstances = await describeCircumstances();
  const printed = await pruneExample(pruned);
  const pictures: Record<string, string> = {};
  for (const scheme of ["light", "dark"] as const) {
    const file = `docs/images/report-${scheme}.png`;
    const picture = await pictureReport(browser, pruned, scheme);
    await Deno.writeFile(new URL(file, ROOT), picture);
    pictures[file] = createHash("sha256").update(picture).digest("hex");
  }
  const repaired = join(folder, "repaired");
  await pruneExample(repaired, withoutEffort);
  const record = JSON.parse(await Deno.readTextFile(join(repaired, "report.json")));
  const readme = await Deno.readTextFile(new URL(README, ROOT));
  const command = commandOfReadme(readme);
  const run: ReadmeRun = {
    command: commandLine(command),
    ...circumstances,
    printed,
    repaired: {
      command: commandLine(withoutEffort(command)),
      accuracy: record.report.accuracy.after,
    },
    pictures,
  };
  await Deno.writeTextFile(new URL(README_RUN, ROOT), JSON.stringify(run, null, 2) + "\n");
  await Deno.writeTextFile(new URL(README, ROOT), fillReadme(readme, run));
} finally {
  await browser.close();
  await Deno.remove(folder, { recursive: true });
}
