import { registerHooks } from "node:module";
import * as tf from "@tensorflow/tfjs";
import { collectSuite, installJasmine, type Suite } from "./jasmine.ts";

const CORE_FILES = /\/@tensorflow\/tfjs-core\/[^/]+\/dist\//;

/**
 * Lets the files of tfjs-core be imported as they are. They leave out file extensions; and what they call `index` is the
 * tfjs-core that the project uses, not a second copy of it.
 */
function resolveCoreFiles(): void {
  registerHooks({
    resolve(specifier, context, nextResolve) {
      if (!specifier.startsWith(".") || !CORE_FILES.test(context.parentURL ?? "")) {
        return nextResolve(specifier, context);
      }
      const { href } = new URL(specifier, context.parentURL);
      if (/\/dist\/(index)?$/.test(href)) {
        return nextResolve(import.meta.resolve("@tensorflow/tfjs-core"), context);
      }
      return nextResolve(`${href}.js`, context);
    },
  });
}

/** Keeps the backend alive through the suites' `ENGINE.reset()`, which would start a new one for every `describe`. */
function keepBackend(): void {
  const backend = tf.backend();
  backend.dispose = () => {};
  const { registryFactory } = tf.engine();
  registryFactory.wasm = { ...registryFactory.wasm, factory: () => backend };
}

/** Which suites concern a backend; the others test what never reaches one. */
const CONCERNS_BACKEND = /^(ops|optimizers)\/|^(gradients|tape|variable)_test$/;
/**
 * Suites of what the WASM backend does not hold (strings, complex numbers, ragged tensors), and of tfjs' random numbers,
 * which import seedrandom in a way that Node's modules do not allow.
 */
const OUT_OF_REACH =
  /^ops\/(string|spectral|signal\/stft|ragged_\w+|complex_ops|ifft|rand|from_pixels|to_pixels|draw)/;

/** Names of the suites that tfjs-core itself runs, as far as they concern this backend. */
async function suiteNames(): Promise<string[]> {
  const path = import.meta.resolve("@tensorflow/tfjs-core/dist/tests.js");
  const { default: text } = await import(path, { with: { type: "text" } });
  return [...(text as string).matchAll(/^import '\.\/(.+)';$/gm)].map(([, name]) => name)
    .filter((name) => CONCERNS_BACKEND.test(name) && !OUT_OF_REACH.test(name));
}

/**
 * Loads the suites of tfjs-core, unedited, for the WASM backend that has been started.
 *
 * @returns The suites by name.
 */
export async function loadSuites(): Promise<Map<string, Suite>> {
  keepBackend();
  resolveCoreFiles();
  installJasmine();
  // jasmine_util.js requires Jasmine only to set its time limit.
  Object.assign(globalThis, { require: () => ({ core: () => ({}) }) });
  const path = (name: string) => import.meta.resolve(`@tensorflow/tfjs-core/dist/${name}.js`);
  const { setTestEnvs } = await import(path("jasmine_util"));
  setTestEnvs([{ name: "wasm", backendName: "wasm", isDataSync: true }]);
  const suites = new Map<string, Suite>();
  for (const name of await suiteNames()) {
    suites.set(name.replace(/_test$/, ""), await collectSuite(() => import(path(name))));
  }
  return suites;
}
