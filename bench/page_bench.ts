/**
 * Measures the page in headless Chromium: what its scripts weigh, the first paint from a server on this machine, and its own
 * table of latency, of the example pruned uniformly, on every backend of stock TensorFlow.js. WebGL and WebGPU are done by
 * SwiftShader on the processor where the machine has no graphics processor.
 *
 *     deno run --allow-all bench/page_bench.ts [VISITS]
 *
 * @module
 */
import { join } from "node:path";
import { loadavg } from "node:os";
import { stop } from "esbuild";
import { makePage } from "../bundle/make_page.ts";
import { startChromium } from "../test/support/chromium.ts";
import { weighPage } from "../test/page/page_bytes.ts";
import { section, timeFirstPaints, visit } from "../test/page/visit.ts";
import { formatSpread, spreadOf } from "./timing.ts";

const [visits = "9"] = Deno.args;

const folder = await Deno.makeTempDir();
const file = join(folder, "index.html");
const text = await makePage();
await stop();
await Deno.writeTextFile(file, text);
const { own, packed, page } = weighPage(text);
console.log(`page ${page} bytes, its own script ${own}, all scripts compressed ${packed}`);

const before = loadavg()[0];
const browser = await startChromium();
try {
  const paints = await timeFirstPaints(browser, file, Number(visits) + 1);
  console.log(
    `first paint ${formatSpread(spreadOf(paints.slice(1)), 1, 0)} ms (minimum / median / maximum ` +
      `of ${visits} visits)`,
  );
  console.log(await readLatency());
} finally {
  await browser.close();
  await Deno.remove(folder, { recursive: true });
}
console.log(`load ${before.toFixed(1)} to ${loadavg()[0].toFixed(1)}`);

/** What the page's table says of the example. */
async function readLatency(): Promise<string> {
  const { page } = await visit(browser, file);
  await page.getByRole("button", { name: "Try the example" }).click();
  await page.getByTestId("accuracy").waitFor();
  await section(page, "Budget").getByLabel("Uniform").check();
  await page.getByRole("button", { name: "Prune" }).click();
  await page.getByTestId("result").waitFor();
  await page.getByRole("button", { name: "Measure" }).click();
  const table = page.locator('[data-testid="latency"][data-complete="true"]');
  await table.waitFor();
  const notes = await section(page, "Result").locator(".note").allInnerTexts();
  return [await table.innerText(), ...notes].join("\n");
}
