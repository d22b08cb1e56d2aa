import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { Browser } from "playwright-core";
import { commandOfReadme, README } from "./readme_run.ts";
import { shrinkPng } from "./shrink_png.ts";

/** How the project's task starts a command. */
const START = "run --quiet --no-prompt --allow-read --allow-write cli/main.ts";

const ROOT = new URL("../../", import.meta.url);

/** Width of the page in pixels, and pixels of the picture for each. */
const [WIDTH, SCALE] = [880, 1.5];

/** Letters that every Linux has or can have, so that pictures are alike. */
const STYLE = `body { font-family: "Liberation Sans", Arial, sans-serif; padding-top: 1.5rem; }
  #channels details { display: none; }`;

/**
 * Prunes the embedded example as the README does.
 *
 * @param folder Folder that the smaller model is written to, with its report.
 * @param change Changes the words of the README's command. Default: they stay.
 * @returns What is printed, in lines.
 */
export async function pruneExample(
  folder: string,
  change: (words: readonly string[]) => readonly string[] = (words) => words,
): Promise<string[]> {
  const words = commandOfReadme(await Deno.readTextFile(new URL(README, ROOT)));
  const out = words[words.indexOf("--out") + 1];
  const { success, stdout } = await new Deno.Command(Deno.execPath(), {
    args: [...START.split(" "), ...change(words).map((word) => word === out ? folder : word)],
    cwd: ROOT,
    stderr: "inherit",
  }).output();
  if (!success) throw new Error("prune the example: it failed; see what it printed");
  return new TextDecoder().decode(stdout).trimEnd().replace(folder, out).split("\n");
}

/**
 * Takes a picture of the upper part of a report: its figures before and after, and the channels of every layer.
 *
 * @param browser Takes it.
 * @param folder Folder of a pruned model.
 * @param colorScheme Which colors the page shows.
 * @returns A PNG.
 */
export async function pictureReport(
  browser: Browser,
  folder: string,
  colorScheme: "light" | "dark",
): Promise<Uint8Array> {
  const page = await browser.newPage({
    colorScheme,
    deviceScaleFactor: SCALE,
    viewport: { width: WIDTH, height: 1000 },
  });
  await page.goto(pathToFileURL(join(folder, "report.html")).href);
  await page.addStyleTag({ content: STYLE });
  const { y, height } = (await page.locator("#channels").boundingBox())!;
  const picture = await page.screenshot({
    fullPage: true,
    clip: { x: 0, y: 0, width: WIDTH, height: Math.ceil(y + height) },
  });
  await page.close();
  return await shrinkPng(picture);
}
