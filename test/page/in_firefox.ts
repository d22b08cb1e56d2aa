/**
 * Uses the page in headless Firefox and prints what was seen.
 *
 *     deno run --allow-all test/page/in_firefox.ts PAGE OUT
 *
 * PAGE is index.html; a picture of it goes to OUT.
 */
import axe from "axe-core";
import type { Page } from "puppeteer-core";
import { startFirefox } from "../support/firefox.ts";

const [file, out] = Deno.args;
const PATIENCE_MS = 600_000;
const PHONE = { width: 390, height: 844 };

/** Serves the page with the headers by which threads may share memory, and without them. */
function serve(): Deno.HttpServer<Deno.NetAddr> {
  const page = Deno.readFileSync(file);
  const isolation = {
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Embedder-Policy": "require-corp",
  };
  return Deno.serve({ port: 0, hostname: "127.0.0.1", onListen() {} }, ({ url }) => {
    const isIsolated = new URL(url).pathname === "/isolated";
    const headers = { "Content-Type": "text/html", ...(isIsolated && isolation) };
    return new Response(page, { headers });
  });
}

/** The text of an element, once it is there. */
async function readText(page: Page, selector: string): Promise<string> {
  const element = await page.waitForSelector(selector, { timeout: PATIENCE_MS });
  return await element!.evaluate((node) => (node as unknown as { innerText: string }).innerText);
}

async function findBarriers(page: Page): Promise<string[]> {
  await page.evaluate(axe.source);
  return await page.evaluate(
    `axe.run(document, { resultTypes: ["violations"] }).then(({ violations }) =>
      violations.map(({ id, nodes }) => id + ": " + nodes.map(({ html }) => html).join(" ")))`,
  ) as string[];
}

/** The example from its button to the result, with keys alone. */
async function useExample(page: Page) {
  await page.keyboard.press("Tab");
  await page.keyboard.press("Enter");
  const accuracy = await readText(page, "[data-testid=accuracy]");
  const note = await readText(page, "[data-testid=threads]");
  await page.focus("#share");
  await page.keyboard.press("ArrowLeft");
  const slider = await page.$eval("#share", (node) => node.getAttribute("aria-valuetext"));
  await page.select("#effort", "quick");
  await page.focus("button[type=submit]");
  await page.keyboard.press("Enter");
  const figures = await readText(page, "[data-testid=result], [role=alert]");
  const focused = await page.evaluate("document.activeElement.id");
  return { accuracy, note, slider, figures, focused };
}

/** How long the models take, on what this Firefox has. */
async function measureLatency(page: Page): Promise<string> {
  await page.locator("::-p-text(Measure)").click();
  const done = '[data-testid=latency][data-complete="true"]';
  return await readText(page, done);
}

const server = serve();
const address = `http://127.0.0.1:${server.addr.port}`;
const browser = await startFirefox();
try {
  const page = await browser.newPage();
  page.setDefaultTimeout(PATIENCE_MS);
  const complaints: string[] = [];
  page.on("console", (message) => {
    if (message.type() === "error") complaints.push(message.text());
  });
  page.on("pageerror", (error) => complaints.push(String(error)));
  await page.goto(`${address}/isolated`);
  const cores = await page.evaluate("navigator.hardwareConcurrency");
  const example = await useExample(page);
  const latency = await measureLatency(page);
  const barriers = await findBarriers(page);
  await page.setViewport(PHONE);
  const isWide = await page.evaluate(
    "document.documentElement.scrollWidth > document.documentElement.clientWidth",
  );
  await page.screenshot({ path: `${out}/firefox.png`, fullPage: true });
  await page.goto(address);
  const alone = await readText(page, "[data-testid=threads]");
  console.log(
    JSON.stringify({ ...example, latency, barriers, isWide, alone, cores, complaints }),
  );
} finally {
  await browser.close();
  await server.shutdown();
}
