import { Buffer } from "node:buffer";
import tfjs from "@tensorflow/tfjs/dist/tf.min.js" with { type: "text" };
import axe from "axe-core";
import { unzipSync } from "fflate";
import type { Browser, Locator, Page } from "playwright-core";

/** Where the page is, for the browser: its requests are answered from the page's file, and by no server. */
export const ORIGIN = "https://secateur.test/";

/** The headers by which threads of a page may share memory. */
const ISOLATION = {
  "Cross-Origin-Opener-Policy": "same-origin",
  "Cross-Origin-Embedder-Policy": "require-corp",
};

const TYPE = { "Content-Type": "text/html" };

const PATIENCE_MS = 300_000;

/** A page that is open, and what it asked for since. */
export interface Visit {
  readonly page: Page;
  /** Addresses that were asked for, by the page and its workers. */
  readonly requests: readonly string[];
  /** What the browser complained of, such as the page's own policy being broken. */
  readonly complaints: readonly string[];
}

/** Opens the page in a window of its own. */
export async function visit(
  browser: Browser,
  file: string,
  { address = ORIGIN, isIsolated = false, ...look }: {
    address?: string;
    isIsolated?: boolean;
    colorScheme?: "light" | "dark";
    viewport?: { width: number; height: number };
  } = {},
): Promise<Visit> {
  const context = await browser.newContext(look);
  context.setDefaultTimeout(PATIENCE_MS);
  const requests: string[] = [];
  const complaints: string[] = [];
  context.on("request", (request) => requests.push(request.url()));
  await context.route(
    /^https?:/,
    (route) =>
      route.request().url() === ORIGIN
        ? route.fulfill({ path: file, headers: { ...TYPE, ...(isIsolated && ISOLATION) } })
        : route.abort(),
  );
  const page = await context.newPage();
  page.on("console", (message) => {
    if (message.type() === "error") complaints.push(message.text());
  });
  page.on("pageerror", (error) => complaints.push(error.message));
  await page.goto(address);
  return { page, requests, complaints };
}

/**
 * Times the first paint of the page from a server on this machine.
 *
 * @param browser The browser; every visit has an empty cache.
 * @param file index.html.
 * @param visits Number of visits.
 * @returns Milliseconds of each.
 */
export async function timeFirstPaints(
  browser: Browser,
  file: string,
  visits: number,
): Promise<number[]> {
  const content = await Deno.readFile(file);
  const server = Deno.serve(
    { port: 0, hostname: "127.0.0.1", onListen() {} },
    () => new Response(content, { headers: TYPE }),
  );
  const times: number[] = [];
  for (let round = 0; round < visits; round++) {
    const context = await browser.newContext();
    const page = await context.newPage();
    await page.goto(`http://127.0.0.1:${server.addr.port}/`);
    times.push(
      await page.evaluate(`new Promise((resolve) =>
        new PerformanceObserver((list) => resolve(list.getEntries()[0].startTime))
          .observe({ type: "paint", buffered: true }))`),
    );
    await context.close();
  }
  await server.shutdown();
  return times;
}

/** Opens the page of a download, beside what it was unpacked with, and gives it an image. */
export async function useReadyPage(
  browser: Browser,
  zip: Uint8Array,
  image: string,
): Promise<{ answers: string[]; requests: string[]; barriers: string[] }> {
  const files = unzipSync(zip);
  const context = await browser.newContext();
  context.setDefaultTimeout(PATIENCE_MS);
  const requests: string[] = [];
  await context.route(/^https?:/, async (route) => {
    const url = route.request().url();
    const name = url.startsWith(ORIGIN) ? url.slice(ORIGIN.length) || "index.html" : undefined;
    if (name === undefined) {
      requests.push(url);
      const headers = { "access-control-allow-origin": "*", "content-type": "text/javascript" };
      await route.fulfill({ body: tfjs, headers });
    } else if (name in files) await route.fulfill({ body: Buffer.from(files[name]) });
    else await route.abort();
  });
  const page = await context.newPage();
  await page.goto(ORIGIN);
  const input = page.getByLabel("Choose an image").and(page.locator(":enabled"));
  await input.setInputFiles(image);
  await page.getByRole("listitem").first().waitFor();
  const answers = await page.getByRole("listitem").allInnerTexts();
  const barriers = await findBarriers(page);
  await context.close();
  return { answers, requests, barriers };
}

/** The section of the page with a heading. */
export function section(page: Page, title: string): Locator {
  return page.getByRole("region", { name: title, exact: true });
}

/** What axe-core finds fault with. */
export async function findBarriers(page: Page): Promise<string[]> {
  await page.evaluate(axe.source);
  const violations = await page.evaluate(
    `axe.run(document, { resultTypes: ["violations"] }).then(({ violations }) => violations)`,
  ) as { id: string; nodes: { html: string }[] }[];
  return violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(" ")}`);
}

/** Whether the page is wider than the window, so that it has to be moved sideways. */
export async function overflows(page: Page): Promise<boolean> {
  return await page.evaluate(
    "document.documentElement.scrollWidth > document.documentElement.clientWidth",
  );
}

/** Saves what a button offers to download; gives its name. */
export async function download(page: Page, button: string, folder: string): Promise<string> {
  const offered = page.waitForEvent("download");
  await page.getByRole("button", { name: button }).click();
  const file = await offered;
  await file.saveAs(`${folder}/${file.suggestedFilename()}`);
  return file.suggestedFilename();
}
