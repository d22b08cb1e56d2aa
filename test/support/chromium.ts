import type { Browser } from "playwright-core";
import { findProgram } from "./programs.ts";

/** How long a browser may take to start: the machine may be busy. */
const PATIENCE_MS = 300_000;

/** A camera that shows a moving picture, and whom nobody has to be asked for. */
const CAMERA = ["--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream"];

/** WebGPU without a graphics processor: its work is done by SwiftShader, as that of WebGL is. */
const WEBGPU = ["--enable-unsafe-webgpu", "--use-webgpu-adapter=swiftshader"];

/**
 * Starts Chromium without a window, with a camera and WebGPU. The library is loaded here: it asks for more than tests may do, and so
 * for a process of its own.
 *
 * @returns The browser.
 */
export async function startChromium(): Promise<Browser> {
  const { chromium } = await import("playwright-core");
  const executablePath = findProgram("chromium");
  return await chromium.launch({
    executablePath,
    args: ["--no-sandbox", ...CAMERA, ...WEBGPU],
    timeout: PATIENCE_MS,
  });
}
