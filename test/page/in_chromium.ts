/**
 * Uses the page in headless Chromium and prints what was seen.
 *
 *     deno run --allow-all test/page/in_chromium.ts PAGE DATA FLOATS OUT
 *
 * PAGE is index.html; DATA a folder of images by class, FLOATS an .npz whose images do not fit the example; downloads and
 * screenshots go to OUT.
 */
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { Browser, Page } from "playwright-core";
import { startChromium } from "../support/chromium.ts";
import {
  download,
  findBarriers,
  ORIGIN,
  overflows,
  section,
  timeFirstPaints,
  useReadyPage,
  visit,
} from "./visit.ts";

const DESKTOP = { width: 1200, height: 800 };
const PHONE = { width: 390, height: 844 };

/** A bag among the images, which is class 8. */
const BAG = "8/18.png";

const [file, data, floats, out] = Deno.args;

/** What both ways out of the page answer. */
async function tryToSend(page: Page): Promise<string[]> {
  return await page.evaluate(`(async () => {
    const send = async (scope) => {
      const answer = () => fetch("${ORIGIN}").then(() => "sent", () => "refused");
      if (scope === "page") return await answer();
      const text = "(" + answer + ")().then((found) => postMessage(found))";
      const worker = new Worker(URL.createObjectURL(new Blob([text])));
      return await new Promise((resolve) => worker.onmessage = ({ data }) => resolve(data));
    };
    return [await send("page"), await send("worker")];
  })()`);
}

/** The example from its button to its downloads. */
async function useExample(browser: Browser) {
  const { page, requests, complaints } = await visit(browser, file);
  const barriers = await findBarriers(page);
  await page.getByRole("button", { name: "Try the example" }).click();
  const accuracy = await page.getByTestId("accuracy").innerText();
  const description = await page.getByTestId("model").innerText();
  barriers.push(...await findBarriers(page));
  const curve = await followCurve(page);
  barriers.push(...await findBarriers(page));
  const start = performance.now();
  await page.getByRole("button", { name: "Prune" }).click();
  const plan = await section(page, "Budget").locator(".plan:not(:empty)").innerText();
  await page.getByTestId("result").waitFor();
  const seconds = (performance.now() - start) / 1000;
  const isFocused = await page.evaluate("document.activeElement.id") === "result-title";
  const figures = await page.getByTestId("result").innerText();
  const plain = await download(page, "TensorFlow.js", out);
  await page.getByLabel("Fold").check();
  await page.getByRole("button", { name: "Keras" }).and(page.locator(":enabled")).waitFor();
  await page.getByLabel("Images at once").fill("1");
  await page.getByRole("button", { name: "Measure" }).click();
  const latency = await page.locator('[data-testid="latency"][data-complete="true"]').innerText();
  const keras = await download(page, "Keras", out);
  const onnx = await download(page, "ONNX", out);
  const tflite = await download(page, "TensorFlow Lite", out);
  for (const colorScheme of ["light", "dark"] as const) {
    await page.emulateMedia({ colorScheme });
    barriers.push(...await findBarriers(page));
    await page.screenshot({ path: `${out}/${colorScheme}.png`, fullPage: true });
  }
  await page.setViewportSize(PHONE);
  await page.screenshot({ path: `${out}/phone.png`, fullPage: true });
  return {
    accuracy,
    description,
    curve,
    plan,
    seconds,
    isFocused,
    figures,
    latency,
    barriers,
    downloads: { plain, keras, onnx, tflite },
    isWide: await overflows(page),
    complaints: [...complaints],
    answers: await tryToSend(page),
    requests,
  };
}

/** The curve under the slider: what it says at two places, and to those who hear it. */
async function followCurve(page: Page) {
  const budget = section(page, "Budget");
  const slider = budget.getByLabel("Keep", { exact: true });
  await budget.getByRole("button", { name: "Show what each size costs" }).click();
  const caption = page.getByTestId("curve").locator("figcaption");
  const half = await caption.innerText();
  await slider.fill("20");
  const fifth = await caption.innerText();
  const heard = await slider.getAttribute("aria-valuetext");
  await slider.fill("50");
  const places = await page.getByTestId("curve").locator(".dot").count();
  return { half, fifth, heard, places };
}

/** A model and images of one's own; what cannot be used; and a change of mind. */
async function useOwn(browser: Browser, model: string) {
  const { page, requests, complaints } = await visit(browser, file, { viewport: PHONE });
  const [models, images, budget] = ["Model", "Images", "Budget"].map((name) => section(page, name));
  await drop(page, "Model", "notes.txt", "no model");
  const refusal = await models.getByRole("alert").innerText();
  await models.locator("input[multiple]").setInputFiles(`${out}/${model}`);
  const description = await page.getByTestId("model").innerText();
  await images.locator("input[webkitdirectory]").setInputFiles(data);
  const accuracy = await page.getByTestId("accuracy").innerText();

  await drop(page, "Model", "notes.txt", "no model");
  await models.getByRole("alert").waitFor();
  const kept = await page.getByTestId("model").innerText();
  await images.locator("input[multiple]").setInputFiles(floats);
  const misfit = await images.getByRole("alert").innerText();
  await page.screenshot({ path: `${out}/refused.png`, fullPage: true });
  const barriers = await findBarriers(page);
  await images.locator("input[webkitdirectory]").setInputFiles(data);
  await page.getByTestId("accuracy").waitFor();

  await budget.getByLabel("Uniform").check();
  await budget.getByLabel("Keep", { exact: true }).fill("80");
  await budget.getByRole("button", { name: "Prune" }).click();
  await budget.getByRole("button", { name: "Cancel" }).click();
  const canceled = await budget.getByText(/^Cancelled/).innerText();
  const focused = await page.evaluate("document.activeElement.textContent");
  await budget.getByText("Options").click();
  await budget.getByLabel("Images for the statistics").fill("64");
  await budget.getByRole("button", { name: "Prune" }).click();
  const figures = await page.getByTestId("result").innerText();
  await page.setViewportSize(DESKTOP);
  await page.screenshot({ path: `${out}/own.png`, fullPage: true });
  await page.setViewportSize(PHONE);
  return {
    refusal,
    description,
    accuracy,
    kept,
    misfit,
    canceled,
    focused,
    figures,
    barriers,
    isWide: await overflows(page),
    requests,
    complaints,
  };
}

/** Drops a file as a mouse does. */
async function drop(page: Page, title: string, name: string, content: string): Promise<void> {
  const dataTransfer = await page.evaluateHandle(`(() => {
    const transfer = new DataTransfer();
    transfer.items.add(new File([${JSON.stringify(content)}], ${JSON.stringify(name)}));
    return transfer;
  })()`);
  await section(page, title).locator(".drop").dispatchEvent("drop", { dataTransfer });
}

/** The example on all cores, which two headers allow. */
async function useThreads(browser: Browser) {
  const { page, complaints } = await visit(browser, file, { isIsolated: true });
  const cores = await page.evaluate("navigator.hardwareConcurrency");
  await page.getByRole("button", { name: "Try the example" }).click();
  const accuracy = await page.getByTestId("accuracy").innerText();
  const note = await section(page, "Budget").getByText("one for each core").innerText();
  await page.getByRole("button", { name: "Prune" }).click();
  const figures = await page.getByTestId("result").innerText();
  return { accuracy, note, figures, cores, complaints };
}

/** How many pictures there are, once there are as many as are wanted. */
async function countPictures(page: Page, wanted: number): Promise<number> {
  const button = page.getByRole("button", { name: /^Use \d+ pictures/ });
  for (;;) {
    const count = parseInt((await button.innerText()).slice(4));
    if (count >= wanted) return count;
    await page.waitForTimeout(100);
  }
}

/** Pictures of the camera, in the place of files. */
async function useCamera(browser: Browser) {
  const { page, complaints } = await visit(browser, file, { viewport: PHONE });
  const images = section(page, "Images");
  await images.getByText("Take pictures with the camera").click();
  await images.getByRole("button", { name: "Start the camera" }).click();
  await images.getByLabel("Class on the pictures").fill("ball");
  await images.getByRole("button", { name: "Take four pictures" }).click();
  const first = await countPictures(page, 2);
  const barriers = await findBarriers(page);
  const isWide = await overflows(page);
  await images.getByRole("button", { name: "Stop taking" }).click();
  await images.getByLabel("Class on the pictures").fill("bat");
  await images.getByRole("button", { name: "Take four pictures" }).click();
  await countPictures(page, first + 4);
  await images.getByRole("button", { name: /^Use / }).click();
  const found = await page.getByTestId("images").innerText();
  return { found, barriers, isWide, complaints };
}

/** The page without any server. */
async function useFile(browser: Browser) {
  const { page, complaints } = await visit(browser, file, { address: pathToFileURL(file).href });
  await page.getByRole("button", { name: "Try the example" }).click();
  return { accuracy: await page.getByTestId("accuracy").innerText(), complaints };
}

const browser = await startChromium();
try {
  const firstPaint = Math.min(...await timeFirstPaints(browser, file, 3));
  const example = await useExample(browser);
  const own = await useOwn(browser, example.downloads.keras);
  const zip = await Deno.readFile(`${out}/${example.downloads.plain}`);
  const ready = await useReadyPage(browser, zip, join(data, BAG));
  const alone = await useFile(browser);
  const camera = await useCamera(browser);
  const threads = await useThreads(browser);
  console.log(JSON.stringify({ example, own, ready, alone, camera, threads, firstPaint }));
} finally {
  await browser.close();
}
