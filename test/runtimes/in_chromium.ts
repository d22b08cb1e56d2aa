/**
 * Prints what runtimes that nobody here wrote make of a .tflite file in headless Chromium: LiteRT.js by numbers, and MediaPipe's
 * classifier by what the file's metadata say of images and classes. No server: requests are answered from the packages.
 *
 *     deno run --allow-all test/runtimes/in_chromium.ts FILE PIXELS SIDE
 *
 * PIXELS has SIDE × SIDE × 3 bytes as JSON; LiteRT is given them divided by 255.
 */
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { startChromium } from "../support/chromium.ts";

const ORIGIN = "http://secateur.test/";
const PATIENCE_MS = 300_000;

/** Packages by the first part of an address. */
const PACKAGES: Readonly<Record<string, string>> = {
  litert: "@litertjs/core",
  utils: "@litertjs/wasm-utils",
  mediapipe: "@mediapipe/tasks-vision",
};

const [file, pixels, side] = Deno.args;

/** Folder of a package: that above its entry, whose folder may be `dist`. */
function folderOf(name: string, from = import.meta.url): string {
  const entry = createRequire(from).resolve(name);
  return entry.includes("/dist/") ? dirname(dirname(entry)) : dirname(entry);
}

const litert = folderOf(PACKAGES.litert);
const folders: Readonly<Record<string, string>> = {
  litert,
  utils: folderOf(PACKAGES.utils, `file://${litert}/dist/index.js`),
  mediapipe: folderOf(PACKAGES.mediapipe),
};

const PAGE = `<!doctype html><script type="importmap">${
  JSON.stringify({
    imports: {
      "@litertjs/core": "/litert/dist/index.js",
      "@litertjs/wasm-utils": "/utils/dist/index.js",
      "@mediapipe/tasks-vision": "/mediapipe/vision_bundle.mjs",
    },
  })
}</script><body></body>`;

const browser = await startChromium();
try {
  const page = await browser.newPage();
  page.setDefaultTimeout(PATIENCE_MS);
  await page.route(`${ORIGIN}**`, async (route) => {
    const [first, ...rest] = new URL(route.request().url()).pathname.slice(1).split("/");
    if (first === "") await route.fulfill({ contentType: "text/html", body: PAGE });
    else if (first === "model.tflite") await route.fulfill({ path: file });
    else await route.fulfill({ path: join(folders[first], ...rest) });
  });
  await page.goto(ORIGIN);
  const values = JSON.parse(await Deno.readTextFile(pixels));
  const found = await page.evaluate(`(async () => {
    const pixels = ${JSON.stringify(values)}, side = ${Number(side)};
    const bytes = new Uint8Array(await (await fetch("/model.tflite")).arrayBuffer());

    const { loadLiteRt, loadAndCompile, Tensor } = await import("@litertjs/core");
    await loadLiteRt("/litert/wasm/");
    const model = await loadAndCompile(bytes, { accelerator: "wasm" });
    const input = new Tensor(Float32Array.from(pixels, (byte) => byte / 255), [1, side, side, 3]);
    const [output] = await model.run([input]);
    const litert = Array.from(output.toTypedArray());

    const { ImageClassifier } = await import("@mediapipe/tasks-vision");
    const classifier = await ImageClassifier.createFromOptions({
      wasmLoaderPath: "/mediapipe/wasm/vision_wasm_internal.js",
      wasmBinaryPath: "/mediapipe/wasm/vision_wasm_internal.wasm",
    }, { baseOptions: { modelAssetBuffer: bytes, delegate: "CPU" }, maxResults: -1 });
    const image = new ImageData(side, side);
    for (let place = 0; place < side * side; place++) {
      image.data.set([...pixels.slice(3 * place, 3 * place + 3), 255], 4 * place);
    }
    const { classifications } = classifier.classify(image);
    const mediapipe = classifications[0].categories.map(({ index, categoryName, score }) => ({
      index,
      name: categoryName,
      score,
    }));
    return { litert, mediapipe };
  })()`);
  console.log(JSON.stringify(found));
} finally {
  await browser.close();
}
