import type { Browser } from "puppeteer-core";
import { findProgram } from "./programs.ts";

/** How long a browser may take to start, and to answer: the machine may be busy. */
const PATIENCE_MS = 600_000;

/**
 * Starts Firefox without a window, as its distributions have it, and talks to it by WebDriver BiDi. The library is loaded
 * here: it asks for more than tests may do, and so for a process of its own.
 *
 * @returns The browser.
 */
export async function startFirefox(): Promise<Browser> {
  const { default: puppeteer } = await import("puppeteer-core");
  return await puppeteer.launch({
    browser: "firefox",
    executablePath: findProgram("firefox"),
    timeout: PATIENCE_MS,
    protocolTimeout: PATIENCE_MS,
  });
}
