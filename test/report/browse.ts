import axe from "axe-core";
import type { Browser, Page } from "playwright-core";
import { startChromium } from "../support/chromium.ts";

/** What a browser finds on a page, at one width and in one color scheme. */
export interface Findings {
  /** Width in pixels, scheme or `print`. */
  readonly view: string;
  /** Pixels by which the page is wider than its window. */
  readonly overflow: number;
  /** What was said on the console, errors and dialogs. */
  readonly said: readonly string[];
  /** What was asked for beside the page itself. */
  readonly requests: readonly string[];
  /** Rules of accessibility that are broken, with the elements. */
  readonly violations: readonly string[];
  /** Visible charts, and their texts that are cut off or hard to read. */
  readonly charts: number;
  readonly texts: readonly string[];
  /** Images that do not show. */
  readonly brokenImages: number;
}

/** The rules of accessibility take their time, and need no more than either scheme and either width. */
const VIEWS = [
  { name: "phone", hasRules: true, width: 360, scheme: "light", media: "screen" },
  { name: "phone, dark", hasRules: false, width: 360, scheme: "dark", media: "screen" },
  { name: "desktop", hasRules: false, width: 1200, scheme: "light", media: "screen" },
  { name: "desktop, dark", hasRules: true, width: 1200, scheme: "dark", media: "screen" },
  { name: "paper", hasRules: false, width: 680, scheme: "dark", media: "print" },
] as const;

/** Runs in the page: texts of visible charts beyond the edge, or with too little contrast. */
function inspectCharts(): { charts: number; texts: string[] } {
  // deno-lint-ignore no-explicit-any
  const { document, getComputedStyle, innerWidth } = globalThis as any;
  const rgba = (color: string) => (color.match(/[\d.]+/g) ?? []).map(Number);
  const luminance = ([r, g, b]: number[]) =>
    [r, g, b].map((value) => value / 255)
      .map((value) => value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4)
      .reduce((sum, value, index) => sum + value * [0.2126, 0.7152, 0.0722][index], 0);
  const paper = rgba(getComputedStyle(document.body).backgroundColor);
  // deno-lint-ignore no-explicit-any
  const charts = [...document.querySelectorAll("svg")].filter((svg: any) => svg.checkVisibility());
  const texts: string[] = [];
  for (const svg of charts) {
    const rects = [...svg.querySelectorAll("rect")];
    for (const text of svg.querySelectorAll("text")) {
      const box = text.getBoundingClientRect();
      if (text.textContent === "") continue;
      if (box.left < -1 || box.right > innerWidth + 1) texts.push(`cut off: ${text.textContent}`);
      const [x, y] = [(box.left + box.right) / 2, (box.top + box.bottom) / 2];
      const ground = rects.reduce((below, rect) => {
        const { left, right, top, bottom } = rect.getBoundingClientRect();
        if (x < left || x > right || y < top || y > bottom) return below;
        const style = getComputedStyle(rect);
        const share = Number(style.fillOpacity);
        const fill = rgba(style.fill);
        return below.map((value: number, index: number) =>
          value * (1 - share) + fill[index] * share
        );
      }, paper.slice(0, 3));
      const [a, b] = [luminance(rgba(getComputedStyle(text).fill)), luminance(ground)];
      const contrast = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
      if (contrast < 4.5) texts.push(`contrast ${contrast.toFixed(1)}: ${text.textContent}`);
    }
  }
  return { charts: charts.length, texts };
}

/** Tables are looked at too. */
async function findViolations(page: Page): Promise<string[]> {
  await page.evaluate("for (const part of document.querySelectorAll('details')) part.open = true");
  await page.evaluate(axe.source);
  const { violations } = await page.evaluate<axe.AxeResults>("axe.run()");
  return violations.map(({ id, nodes }) =>
    `${id}: ${nodes.slice(0, 3).map(({ html }) => html).join(" ")}`
  );
}

async function look(browser: Browser, file: string, view: typeof VIEWS[number]): Promise<Findings> {
  const said: string[] = [];
  const requests: string[] = [];
  const page = await browser.newPage({
    viewport: { width: view.width, height: 900 },
    colorScheme: view.scheme,
  });
  await page.emulateMedia({ media: view.media });
  page.on("console", (message) => said.push(message.text()));
  page.on("pageerror", (error) => said.push(String(error)));
  page.on("dialog", (dialog) => {
    said.push(`dialog: ${dialog.message()}`);
    dialog.dismiss();
  });
  page.on("request", (request) => {
    if (!request.url().startsWith("data:")) requests.push(request.url());
  });
  await page.goto(`file://${file}`);
  const overflow = Number(
    await page.evaluate(
      "document.documentElement.scrollWidth - document.documentElement.clientWidth",
    ),
  );
  const { charts, texts } = await page.evaluate(inspectCharts);
  const brokenImages = Number(
    await page.evaluate("[...document.images].filter((image) => image.naturalWidth === 0).length"),
  );
  const violations = view.hasRules ? await findViolations(page) : [];
  await page.close();
  const isForeign = (url: string) => url !== `file://${file}`;
  return {
    view: view.name,
    overflow,
    said,
    violations,
    charts,
    texts,
    brokenImages,
    requests: requests.filter(isForeign),
  };
}

if (import.meta.main) {
  const browser = await startChromium();
  try {
    const found: Record<string, Findings[]> = {};
    for (const file of Deno.args) {
      found[file] = await Promise.all(VIEWS.map((view) => look(browser, file, view)));
    }
    console.log(JSON.stringify(found));
  } finally {
    await browser.close();
  }
}
