/**
 * Prints the figures that the core gives in headless Chromium. No server: the browser's requests are answered from the
 * folders that are given.
 *
 *     deno run --allow-all test/contract/in_chromium.ts BUNDLE MODEL DATA
 */
import { basename, join } from "node:path";
import { startChromium } from "../support/chromium.ts";
import { figuresOfLibrary } from "./figures.ts";

type Core = typeof import("../../src/browser.ts");

const ORIGIN = "http://secateur.test/";
const PATIENCE_MS = 300_000;

/** Model and images from the files of the page; its text is sent to the browser. */
async function readInputs(core: Core) {
  const fetchBytes = async (name: string) =>
    new Uint8Array(await (await fetch(name)).arrayBuffer());
  const json = await fetchBytes("model.json");
  const { weightsManifest } = JSON.parse(new TextDecoder().decode(json));
  const files = new Map([["model.json", json]]);
  for (const shard of weightsManifest[0].paths) files.set(shard, await fetchBytes(shard));
  const model = await core.readModel("model.json", files);
  const readSplit = async (prefix: string) => {
    const labels = (await fetchBytes(`${prefix}-labels-idx1-ubyte`)).subarray(8);
    const pixels = (await fetchBytes(`${prefix}-images-idx3-ubyte`)).subarray(16);
    const [height, width] = [28, 28];
    const images = Array.from(labels, (_, index) => ({
      data: pixels.subarray(index * height * width, (index + 1) * height * width),
      height,
      width,
    }));
    return { images, labels };
  };
  const classes = model.metadata!.classes as string[];
  return {
    model,
    data: { classes, train: await readSplit("train"), test: await readSplit("t10k") },
  };
}

const [bundle, model, data] = Deno.args;
const browser = await startChromium();
try {
  const page = await browser.newPage();
  page.setDefaultTimeout(PATIENCE_MS);
  await page.route(`${ORIGIN}**`, async (route) => {
    const name = basename(new URL(route.request().url()).pathname);
    if (name === "") return await route.fulfill({ contentType: "text/html", body: "" });
    const folder = name === basename(bundle)
      ? join(bundle, "..")
      : /ubyte$/.test(name)
      ? data
      : model;
    await route.fulfill({ path: join(folder, name) });
  });
  await page.goto(ORIGIN);
  const figures = await page.evaluate(`(async () => {
    const core = await import("./${basename(bundle)}");
    const { model, data } = await (${readInputs})(core);
    return await (${figuresOfLibrary})(core, model, data);
  })()`);
  console.log(JSON.stringify(figures));
} finally {
  await browser.close();
}
