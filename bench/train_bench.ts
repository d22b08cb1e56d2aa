/**
 * A training step, images of 32×32×3: one thread against PyTorch on one thread, and two workers against one. By default
 * ResNet-20 and 128 images.
 *
 *     deno run --allow-read --allow-write --allow-env --allow-sys=loadavg --allow-run=python3,/usr/bin/python3 \
 *       bench/train_bench.ts [rounds] [network] [images]
 *
 * A step is forward, backward and an update by SGD with momentum and weight decay. "Secateur" and "PyTorch" have the
 * batch in memory, the same weights and the same images; PyTorch builds the network from our weights (train_torch.py).
 * The workers' steps are those of `train`: a pool of one and one of two read and preprocess the images too, of the same
 * global batch. All four take turns, so that whatever else the machine does hits all alike; the ratios are those of
 * medians and, in brackets, of the rounds. Times of the processor are those of all threads of a process; others on a busy
 * machine hardly change them.
 *
 * Gradients are compared with those that PyTorch computes in f64, weight by weight (`gradientError`). At the weights of the timed steps rounding turns some of ten million ReLUs on or off,
 * on either side, and a gradient jumps with each. So they are compared at other weights too, with every β at 3, where
 * next to no input of a ReLU is near zero. Those of two workers are compared with the mean of two halves. Where Python
 * or PyTorch is missing, its part is left out.
 *
 * @module
 */
import { loadKernels } from "../src/kernels/load.ts";
import { registerKernels } from "../src/kernels/register.ts";
import { startBackend } from "../src/kernels/backend.ts";
import type { ParameterLayout } from "../src/execution/training/parameters.ts";
import { cpuSeconds } from "./machine.ts";
import { formatSpread, formatTable, spreadOf } from "./timing.ts";
import {
  imagesOf,
  LEARNING_RATE,
  LocalTraining,
  makeSubject,
  PoolTraining,
  RULE,
} from "./train_contestants.ts";
import { SEED } from "./layer_samples.ts";
import { TorchTraining } from "./train_torch.ts";

const ROUNDS = 15, WARM_UPS = 3;
/** Largest difference of gradients that rounding explains. */
const TOLERANCE = 1e-3;

/** Share of the largest gradient of all below which a weight's gradients are rounding. */
const NOISE = 1e-3;

/**
 * Largest difference of any weight's gradients, over its largest gradient, or where that is next to nothing over a share
 * of the network's largest: a shift that the next BatchNormalization takes away again has no gradient at all.
 */
function gradientError(
  { trained }: ParameterLayout,
  gradients: Float32Array,
  wanted: Float32Array,
): number {
  const least = NOISE * largestOf(wanted);
  return Math.max(...trained.map(({ offset, length }) => {
    const part = (flat: Float32Array) => flat.subarray(offset, offset + length);
    const [found, exact] = [part(gradients), part(wanted)];
    return largestOf(found.map((value, at) => value - exact[at])) /
      Math.max(least, largestOf(exact));
  }));
}

function largestOf(values: Float32Array): number {
  return values.reduce((largest, value) => Math.max(largest, Math.abs(value)), 0);
}

/** The same weights with every β at 3. */
function raiseBetas({ trained }: ParameterLayout, weights: Float32Array): Float32Array {
  const raised = weights.slice();
  for (const { role, offset, length } of trained) {
    if (role === "beta") raised.fill(3, offset, offset + length);
  }
  return raised;
}

/** Prints how far workers are from one thread. */
async function comparePools(): Promise<number[]> {
  const halves = local.differentiateHalves(batch);
  await two.differentiate();
  const errors = [gradientError(layout, two.gradients, halves)];
  local.differentiate(images, labels);
  await one.differentiate();
  errors.push(gradientError(layout, one.gradients, local.gradients));
  const [ofTwo, ofOne] = errors.map((error) => error.toExponential(1));
  console.log(`gradients of two workers against the mean of two halves: ${ofTwo}`);
  console.log(`gradients of a worker against those of one thread: ${ofOne}`);
  return errors;
}

/** Prints differences of losses and gradients from PyTorch, and gives those where no ReLU turns. */
async function compareWithTorch(torch: TorchTraining): Promise<number[]> {
  const rows = [];
  const strict: number[] = [];
  for (const isRaised of [false, true]) {
    const at = isRaised ? raiseBetas(layout, weights) : weights;
    const loss = local.differentiate(images, labels, at);
    const { loss: theirs, gradients, exact } = await torch.gradients(at);
    const errors = {
      "ours against f64": gradientError(layout, local.gradients, exact),
      "PyTorch's against f64": gradientError(layout, gradients, exact),
      "ours against PyTorch's": gradientError(layout, local.gradients, gradients),
    };
    if (isRaised) strict.push(errors["ours against f64"], errors["ours against PyTorch's"]);
    rows.push({
      weights: isRaised ? "every β at 3" : "as timed",
      loss: loss.toFixed(7),
      "PyTorch's loss": theirs.gradients.toFixed(7),
      "in f64": theirs.exact.toFixed(7),
      ...Object.fromEntries(
        Object.entries(errors).map(([what, error]) => [what, error.toExponential(1)]),
      ),
    });
  }
  console.log(`\n${formatTable(rows)}\n`);
  return strict;
}

interface Timed {
  seconds: number;
  /** Seconds of the processor, all threads. */
  cpu: number;
  loss: number;
}

async function timed(run: () => number | Promise<number>): Promise<Timed> {
  const start = performance.now(), spent = cpuSeconds();
  const loss = await run();
  return { seconds: (performance.now() - start) / 1e3, cpu: cpuSeconds() - spent, loss };
}

/** Times contestants in turns: seconds of every round, those of the processor, and the last loss. */
async function race(rounds: number, contestants: Record<string, () => Promise<Timed>>) {
  const results = Object.entries(contestants).map(([name, run]) => ({
    name,
    run,
    seconds: [] as number[],
    cpu: [] as number[],
    loss: NaN,
  }));
  for (let round = -WARM_UPS; round < rounds; round++) {
    for (const result of results) {
      const { seconds, cpu, loss } = await result.run();
      if (round >= 0) {
        result.seconds.push(seconds);
        result.cpu.push(cpu);
      }
      result.loss = loss;
    }
  }
  return results;
}

/** How many times as fast the second is. */
function describeRatio(slow: number[], fast: number[]): string {
  const ratios = spreadOf(slow.map((value, round) => value / fast[round]));
  const ofMedians = spreadOf(slow).median / spreadOf(fast).median;
  return `${ofMedians.toFixed(2)} (${formatSpread(ratios, 1, 2)})`;
}

const [rounds, name, size] = [
  Number(Deno.args[0] ?? ROUNDS),
  Deno.args[1] ?? "resnet20",
  Number(Deno.args[2] ?? 128),
];
await startBackend();
const kernels = await loadKernels();
registerKernels(kernels);
const folder = Deno.makeTempDirSync();
const subject = await makeSubject(folder, { name, batch: size });
const { graph, layout, weights } = subject;
const one = await PoolTraining.start(1, subject);
const two = await PoolTraining.start(2, subject);
const batch = await one.readBatch();
const labels = batch.labels!;
const images = imagesOf(batch);
const local = new LocalTraining(kernels, subject);
const torch = await TorchTraining.start({
  graph,
  layout,
  weights,
  labels,
  images: batch.inputs[0],
  shape: images.shape,
  optimizer: { ...RULE, learningRate: LEARNING_RATE },
});

const errors = [
  ...await comparePools(),
  ...torch ? await compareWithTorch(torch) : [],
];
const load = [Deno.loadavg()[0]];
const results = await race(rounds, {
  "Secateur, one thread": () => timed(() => local.step(images, labels)),
  ...(torch && { "PyTorch, one thread": () => torch.step() }),
  "Secateur, a worker": () => timed(() => one.step()),
  "Secateur, two workers": () => timed(() => two.step()),
});
load.push(Deno.loadavg()[0]);
await torch?.close();
await one.close();
await two.close();
Deno.removeSync(folder, { recursive: true });

console.log(`${name}, ${size} images, ${kernels.build} build, seed ${SEED}, ${rounds} rounds`);
console.log(torch?.versions ?? "PyTorch: not measured, python3 with torch is not installed");
console.log(`load average before and after: ${load.map((value) => value.toFixed(1)).join(", ")}\n`);
console.log(formatTable(results.map(({ name, seconds, cpu, loss }) => ({
  step: name,
  "ms min / median / max": formatSpread(spreadOf(seconds), 1e3, 0),
  "processor, ms": formatSpread(spreadOf(cpu), 1e3, 0),
  "images a second": (size / spreadOf(seconds).median).toFixed(0),
  "loss at the end": loss.toFixed(5),
}))));
const of = (wanted: string) => results.find(({ name }) => name === wanted)!;
if (torch) {
  const [theirs, ours] = [of("PyTorch, one thread"), of("Secateur, one thread")];
  console.log(
    `\nour time over PyTorch's, one thread: ${describeRatio(ours.seconds, theirs.seconds)}`,
  );
  console.log(`the processor's: ${describeRatio(ours.cpu, theirs.cpu)}`);
}
const ratio = describeRatio(of("Secateur, a worker").seconds, of("Secateur, two workers").seconds);
console.log(`one worker's time over two's: ${ratio}`);
if (errors.some((error) => !(error < TOLERANCE))) {
  console.error(`gradients differ by more than ${TOLERANCE}`);
  Deno.exitCode = 1;
}
