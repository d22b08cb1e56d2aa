/**
 * Networks that predict one image at a time, and where the time goes: kernels, and what lies between them.
 *
 *     deno run --allow-read --allow-env bench/single_bench.ts MODEL... [--rounds 300]
 *
 * `model.predict` of all models in turns, on stock kernels and on ours. Times of a prediction are the processor's, ratios
 * those of rounds to the first model. Below them stand the least times of every kernel's call: what a call takes when
 * nothing disturbs it, summed over the calls of a kind; "between" is the rest of the fastest prediction.
 *
 * @module
 */
import { parseArgs } from "node:util";
import * as tf from "@tensorflow/tfjs";
import { openModel } from "../src/formats/open_model.ts";
import { startBackend } from "../src/kernels/backend.ts";
import { loadKernels } from "../src/kernels/load.ts";
import { instantiate } from "../src/model/instantiate.ts";
import { cpuSeconds, kernelSwitch } from "./machine.ts";
import { formatSpread, formatTable, spreadOf } from "./timing.ts";

const WARM_UPS = 50;
/** Kinds of kernels that have a column. */
const KINDS = 5;

const { values: { rounds }, positionals: paths } = parseArgs({
  args: Deno.args,
  allowPositionals: true,
  options: { rounds: { type: "string", default: "300" } },
});

/** Least milliseconds of the calls of a prediction, in order. */
interface Calls {
  readonly kinds: string[];
  readonly least: number[];
  next: number;
}

const calls: Calls = { kinds: [], least: [], next: 0 };

/** Has every call of a kernel timed. */
function watchBackend(): void {
  for (const config of tf.getKernelsForBackend("wasm")) {
    tf.unregisterKernel(config.kernelName, "wasm");
    tf.registerKernel({
      ...config,
      kernelFunc: (call) => {
        const start = performance.now();
        const made = config.kernelFunc(call);
        const ms = performance.now() - start, at = calls.next++;
        calls.kinds[at] = config.kernelName;
        calls.least[at] = Math.min(calls.least[at] ?? Infinity, ms);
        return made;
      },
    });
  }
}

function predict(model: tf.LayersModel): void {
  const output = tf.tidy(() => model.predict(images) as tf.Tensor);
  output.dataSync();
  output.dispose();
}

/** A row of every model: its time, and that of the first. */
function measureInTurns(): Record<string, string>[] {
  const seconds = models.map((): number[] => []);
  for (let round = -WARM_UPS; round < Number(rounds); round++) {
    models.forEach((model, index) => {
      const start = cpuSeconds();
      predict(model);
      if (round >= 0) seconds[index].push(cpuSeconds() - start);
    });
  }
  return seconds.map((own, index) => ({
    network: paths[index],
    "ms min / median / max": formatSpread(spreadOf(own), 1e3, 2),
    "of the first, median": (spreadOf(own).median / spreadOf(seconds[0]).median).toFixed(3),
    fastest: (spreadOf(own).min / spreadOf(seconds[0]).min).toFixed(3),
  }));
}

/** A row of every model: where its fastest prediction spends its time. */
function measureKernels(): Record<string, string>[] {
  const parts = models.map((model) => {
    Object.assign(calls, { kinds: [], least: [] });
    let fastest = Infinity;
    for (let round = 0; round < Number(rounds); round++) {
      const start = performance.now();
      calls.next = 0;
      predict(model);
      fastest = Math.min(fastest, performance.now() - start);
    }
    const sums = new Map<string, number>();
    calls.kinds.forEach((kind, at) => sums.set(kind, (sums.get(kind) ?? 0) + calls.least[at]));
    return { fastest, sums, count: calls.kinds.length };
  });
  const [{ sums }] = parts;
  const kinds = [...sums.keys()].toSorted((a, b) => sums.get(b)! - sums.get(a)!).slice(0, KINDS);
  return parts.map(({ fastest, sums, count }, index) => {
    const kernels = [...sums.values()].reduce((sum, ms) => sum + ms, 0);
    const listed = kinds.map((kind) => [kind, sums.get(kind) ?? 0] as const);
    const others = kernels - listed.reduce((sum, [, ms]) => sum + ms, 0);
    return {
      network: paths[index],
      calls: String(count),
      "fastest, ms": fastest.toFixed(2),
      "of the first": (fastest / parts[0].fastest).toFixed(3),
      between: (fastest - kernels).toFixed(2),
      ...Object.fromEntries(listed.map(([kind, ms]) => [kind, ms.toFixed(3)])),
      others: others.toFixed(3),
    };
  });
}

await startBackend();
const use = kernelSwitch(await loadKernels());
const models: tf.LayersModel[] = [];
for (const path of paths) models.push(await instantiate(await openModel(path)));
const [{ shape: [, ...extents] }] = models[0].inputs;
const images = tf.randomUniform([1, ...extents as number[]], 0, 1, "float32", 1);
for (const [name, useKernels] of Object.entries(use)) {
  useKernels();
  console.log(
    `\n${name === "stock" ? "stock kernels" : "ours"}\n\n${formatTable(measureInTurns())}`,
  );
  watchBackend();
  console.log(`\n${formatTable(measureKernels())}`);
}
