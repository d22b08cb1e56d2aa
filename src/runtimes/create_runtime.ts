import { InputError } from "../base/mod.ts";
import { createLiteRt } from "./litert.ts";
import { createOnnxRuntime } from "./onnxruntime_web.ts";
import { BROWSER_RUNTIMES, type Runtime, type RuntimeName, RUNTIMES } from "./runtime.ts";
import { createSecateur, createStockTfjs } from "./tfjs.ts";

const MAKERS: Readonly<Record<RuntimeName, () => Runtime>> = {
  "tfjs-wasm": createStockTfjs,
  "secateur": createSecateur,
  "onnxruntime-web": createOnnxRuntime,
  "litert": createLiteRt,
};

/**
 * What runs networks, by its name. Nothing is loaded before it starts.
 *
 * @param name One of `RUNTIMES`.
 * @returns The runtime.
 * @throws {InputError} When there is none of this name, it runs in browsers alone, or its package is not installed.
 */
export function createRuntime(name: string): Runtime {
  const make = MAKERS[RUNTIMES.find((known) => known === name)!];
  if (make !== undefined) return make();
  const reason = BROWSER_RUNTIMES.some((known) => known === name)
    ? "which runs on the graphics processor of a browser"
    : "which is not known";
  throw new InputError(
    `running networks on ${name}: found a name ${reason}, wanted ${
      RUNTIMES.join(", ")
    }; choose one of ` +
      `these, or measure ${
        BROWSER_RUNTIMES.join(" and ")
      } on the page, in a browser (docs/browser.md)`,
  );
}
