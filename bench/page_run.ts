import { join } from "node:path";
import { startChromium } from "../test/support/chromium.ts";
import { section, visit } from "../test/page/visit.ts";
import { peakMemory, type WatchedChild, watchPeak } from "./watched_child.ts";

/** A network that takes longer is one that does not end. */
const PATIENCE_MS = 3_600_000;

/** Processes that a process started, and theirs. */
function listDescendants(pid: number): number[] {
  const parents = Array.from(Deno.readDirSync("/proc"), ({ name }) => Number(name))
    .filter(Number.isInteger)
    .flatMap((each) => {
      try {
        const stat = Deno.readTextFileSync(`/proc/${each}/stat`);
        return [[each, Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1])] as const];
      } catch {
        return [];
      }
    });
  const childrenOf = (parent: number): number[] =>
    parents.flatMap(([each, itsParent]) => itsParent === parent ? [each, ...childrenOf(each)] : []);
  return childrenOf(pid);
}

/**
 * Prunes a network in the page, to half of its multiply-accumulates.
 *
 * @param file index.html of the page.
 * @param model Folder of the model.
 * @param images Folder of the images.
 * @returns How it went; the peak is that of the process of the page and its workers.
 */
export async function prunePage(
  file: string,
  model: string,
  images: string,
): Promise<WatchedChild> {
  const browser = await startChromium();
  const start = performance.now();
  const watch = watchPeak(async () => {
    const peaks = listDescendants(Deno.pid).map(peakMemory);
    return Math.max(0, ...await Promise.all(peaks));
  });
  let [stdout, stderr] = ["", ""];
  try {
    const { page } = await visit(browser, file);
    page.setDefaultTimeout(PATIENCE_MS);
    const paths = Array.from(Deno.readDirSync(model), ({ name }) => join(model, name));
    await section(page, "Model").locator("input[multiple]").setInputFiles(paths);
    await page.getByTestId("model").waitFor();
    await section(page, "Images").locator("input[webkitdirectory]").setInputFiles(images);
    await page.getByTestId("images").waitFor();
    await page.getByRole("button", { name: "Prune" }).click();
    const result = page.getByTestId("result");
    const refusal = section(page, "Budget").getByRole("alert");
    await result.or(refusal).first().waitFor();
    if (await refusal.isVisible()) stderr = await refusal.innerText();
    else stdout = await result.innerText();
  } catch (error) {
    stderr = String(error);
  } finally {
    await browser.close();
  }
  const seconds = (performance.now() - start) / 1000;
  return { success: stderr === "", stdout, stderr, peak: watch.end(), seconds };
}
