/**
 * What convolutions, BatchNormalization and activations take on stock tfjs-wasm, and the few numbers that describe it: the
 * table of `src/cost/recorded_times.ts`.
 *
 *     deno run --allow-read --allow-sys=loadavg bench/selector_bench.ts
 *
 * The numbers are fitted by non-negative least squares of the relative deviations. What they leave of every measurement
 * is printed, and how well they tell what a selector changes.
 *
 * @module
 */
import type { LayerShape } from "../src/cost/layer_shape.ts";
import { timeLayersOn } from "../src/cost/on_runtime.ts";
import {
  countWork,
  RECORDED_TIMES,
  recordedTime,
  type RecordedTimes,
} from "../src/cost/recorded_times.ts";
import { formatTable } from "./timing.ts";

const SWEEPS = 20_000;

const convolution = (
  batchSize: number,
  extent: number,
  inputs: number,
  filters: number,
  kernel: number,
): LayerShape => ({
  className: "Conv2D",
  config: { filters, kernel_size: [kernel, kernel], strides: [1, 1], padding: "same" },
  inputShapes: [[extent, extent, inputs]],
  batchSize,
});

const elementwise = (className: string, batchSize: number, extent: number, width: number) => ({
  className,
  config: className === "Activation" ? { activation: "relu" } : {},
  inputShapes: [[extent, extent, width]],
  batchSize,
});

/** Batch, extent and channels of networks for pictures of 32 × 32 to 224 × 224. */
const SIZES = [[32, 32, 16], [32, 16, 32], [32, 8, 64], [32, 8, 16], [32, 28, 24], [8, 56, 64], [
  32,
  14,
  96,
], [32, 7, 256]];
const SHARES = [0.85, 0.5, 0.25];

/** A convolution, and what takes its place when it selects. */
const cases = SIZES.flatMap(([batch, extent, width]) =>
  SHARES.map((share) => {
    const kept = Math.round(share * width);
    return {
      name: `${batch} × ${extent}×${extent}×${width}, ${kept} kept`,
      whole: convolution(batch, extent, width, width, 3),
      selector: convolution(batch, extent, width, kept, 1),
      smaller: convolution(batch, extent, kept, width, 3),
    };
  })
);
const shapes = [
  ...cases.flatMap(({ whole, selector, smaller }) => [whole, selector, smaller]),
  ...SIZES.flatMap(([batch, extent, width]) => [
    elementwise("BatchNormalization", batch, extent, width),
    elementwise("Activation", batch, extent, width),
  ]),
];
const distinct = [...new Map(shapes.map((shape) => [JSON.stringify(shape), shape])).values()];
const { reference, ratios } = await timeLayersOn("tfjs-wasm")(distinct);
const times = new Map(
  distinct.map((shape, index) => [JSON.stringify(shape), reference * ratios[index]]),
);
const timeOf = (shape: LayerShape) => times.get(JSON.stringify(shape))!;

/** Coordinate descent on Σ (Σ feature · number / time − 1)². */
function fit(): RecordedTimes {
  const names = Object.keys(RECORDED_TIMES) as (keyof RecordedTimes)[];
  const rows = distinct.map((shape) => {
    const features = countWork(shape);
    return names.map((name) => features[name] / timeOf(shape));
  });
  const numbers = names.map(() => 0);
  const residuals = rows.map(() => -1);
  for (let sweep = 0; sweep < SWEEPS; sweep++) {
    names.forEach((_, at) => {
      const square = rows.reduce((sum, row) => sum + row[at] ** 2, 0);
      const slope = rows.reduce((sum, row, index) => sum + row[at] * residuals[index], 0);
      const next = Math.max(0, numbers[at] - slope / square);
      rows.forEach((row, index) => residuals[index] += (next - numbers[at]) * row[at]);
      numbers[at] = next;
    });
  }
  return Object.fromEntries(
    names.map((name, at) => [name, Number(numbers[at].toPrecision(3))]),
  ) as unknown as RecordedTimes;
}

const fitted = fit();
const inPercent = (share: number) => `${(100 * share).toFixed(0)} %`;
console.log(`load average ${Deno.loadavg()[0].toFixed(1)}; milliseconds for each:\n`);
console.log(JSON.stringify(fitted, null, 2), "\n");
const deviations = distinct.map((shape) => recordedTime(shape, fitted) / timeOf(shape) - 1);
const sorted = deviations.map(Math.abs).toSorted((a, b) => a - b);
console.log(
  `deviation of ${distinct.length} layers: median ${inPercent(sorted[distinct.length >> 1])}, ` +
    `largest ${inPercent(sorted.at(-1)!)}\n`,
);
console.log(formatTable(cases.map(({ name, whole, selector, smaller }) => {
  const measured = (timeOf(selector) + timeOf(smaller)) / timeOf(whole);
  const told = (recordedTime(selector, fitted) + recordedTime(smaller, fitted)) /
    recordedTime(whole, fitted);
  return {
    convolution: name,
    "whole, ms": timeOf(whole).toFixed(3),
    "selector, ms": timeOf(selector).toFixed(3),
    "both over whole": measured.toFixed(2),
    "by the table": told.toFixed(2),
  };
})));
