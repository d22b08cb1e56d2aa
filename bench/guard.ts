/**
 * Holds the speed of our kernels against what was recorded: ratios of two that take turns in one run, so that another
 * machine, or a busy one, changes them little. Fails where one has lost a tenth.
 *
 *     deno task bench:guard            compares with bench/results/guard.json
 *     deno task bench:guard --record   writes it
 *
 * All times are the processor's, of one thread. Every ratio says how many times as fast ours is: as stock tfjs, as PyTorch
 * (left out where python3 has no torch), as the bare micro-kernel. Convolutions count the products of the direct method,
 * so that 4×4 tiles may pass the micro-kernel.
 *
 * Record and compare on a quiet machine. Load shifts the ratios over PyTorch, which waits for memory sooner: a step of
 * MobileNetV2 that took 2.0 times PyTorch's there took 1.17 times at a load of 10.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import { ForwardPlan } from "../src/execution/forward/forward_plan.ts";
import { convolve } from "../src/kernels/conv2d.ts";
import { convolutionFilterGradient } from "../src/kernels/conv2d_backprop_filter.ts";
import { convolutionInputGradient } from "../src/kernels/conv2d_backprop_input.ts";
import { startBackend } from "../src/kernels/backend.ts";
import { type Kernels, loadKernels } from "../src/kernels/load.ts";
import { cpuSeconds, kernelSwitch, withMicroKernel } from "./machine.ts";
import { formatTable, spreadOf } from "./timing.ts";
import {
  CLASSES,
  LEARNING_RATE,
  LocalTraining,
  makeSubject,
  RULE,
  SEED,
  SIDE,
  type Subject,
} from "./train_contestants.ts";
import { TorchTraining } from "./train_torch.ts";

const ROUNDS = 11, WARM_UPS = 3;
const BATCH = 32;
/** Share of a recorded ratio that is left when the guard fails. */
const LEAST = 0.9;
const RECORDED = new URL("results/guard.json", import.meta.url);

/** Measures the seconds of a run. */
type Timed = () => number;

/** Ours and what it is compared with; `work` is how much more ours does in a run. */
interface Pair {
  readonly ours: Timed;
  readonly theirs: Timed;
  readonly work?: number;
}

function timed(run: () => void): Timed {
  return () => {
    const start = cpuSeconds();
    run();
    return cpuSeconds() - start;
  };
}

/** How many times as fast ours is: the median of rounds in which both take turns. */
function ratioOf({ ours, theirs, work = 1 }: Pair): number {
  const ratios = [];
  for (let round = -WARM_UPS; round < ROUNDS; round++) {
    const [other, own] = [theirs(), ours()];
    if (round >= 0) ratios.push(work * other / own);
  }
  return spreadOf(ratios).median;
}

/** A forward pass of the network, on stock kernels by `predict` and on ours by the plan. */
function forwardPair({ graph, model }: Subject, images: tf.Tensor4D): Pair {
  const plan = new ForwardPlan(graph, model);
  const pass = (useKernels: () => void, predict: () => tf.Tensor): Timed => () => {
    useKernels();
    const seconds = timed(() => predict().dispose())();
    use.ours();
    return seconds;
  };
  return {
    ours: pass(use.ours, () => plan.predict([images.clone()])[0]),
    theirs: pass(use.stock, () => model.predict(images) as tf.Tensor),
  };
}

/** Convolutions of a kind: images, rows, inputs, outputs, taps along an axis, stride. */
const CONVOLUTIONS: readonly (readonly [string, number, number, number, number, number, number])[] =
  [
    ["3×3, 32→32", 128, 16, 32, 32, 3, 1],
    ["3×3 /2, 32→64", 128, 16, 32, 64, 3, 2],
    ["1×1, 96→576", 32, 8, 96, 576, 1, 1],
  ];

/** A convolution and its gradients, over the micro-kernel. */
function measureConvolutions(kernels: Kernels): [string, number][] {
  const measured: [string, number][] = [];
  for (const [kind, images, side, inputs, outputs, taps, stride] of CONVOLUTIONS) {
    const x = tf.randomNormal<tf.Rank.R4>([images, side, side, inputs], 0, 1, "float32", SEED);
    const filter = tf.randomNormal<tf.Rank.R4>(
      [taps, taps, inputs, outputs],
      0,
      1,
      "float32",
      SEED,
    );
    const shape = tf.backend_util.computeConv2DInfo(x.shape, filter.shape, stride, 1, "same");
    const dy = tf.randomNormal<tf.Rank.R4>(shape.outShape, 0, 1, "float32", SEED);
    const flops = 2 * tf.util.sizeFromShape(shape.outShape) * taps ** 2 * inputs;
    const directions = {
      "forward": () => convolve(kernels, { x, filter }, shape),
      "input gradient": () => convolutionInputGradient(kernels, { dy, filter }, shape),
      "filter gradient": () => convolutionFilterGradient(kernels, x, dy, shape),
    };
    for (const [direction, run] of Object.entries(directions)) {
      const name = `${kind} ${direction}, over the micro-kernel`;
      const ratio = withMicroKernel(kernels, flops, (runPeak, peakFlops) =>
        ratioOf({
          ours: timed(() => run().dispose()),
          theirs: timed(runPeak),
          work: flops / peakFlops,
        }));
      measured.push([name, ratio]);
    }
    tf.dispose([x, filter, dy]);
  }
  return measured;
}

/** Training steps, over PyTorch's where it is installed. */
async function measureSteps(name: string): Promise<[string, number][]> {
  const folder = Deno.makeTempDirSync();
  const subject = await makeSubject(folder, { name, batch: BATCH });
  Deno.removeSync(folder, { recursive: true });
  const images = noise(SEED);
  const labels = subject.images.map((image) => image % CLASSES);
  const torch = await TorchTraining.start({
    ...subject,
    labels,
    images: images.dataSync<"float32">(),
    shape: images.shape,
    optimizer: { ...RULE, learningRate: LEARNING_RATE },
  });
  if (torch === undefined) return [];
  const local = new LocalTraining(kernels, subject);
  const ratios = [];
  for (let round = -WARM_UPS; round < ROUNDS; round++) {
    const { cpu } = await torch.step();
    const own = timed(() => local.step(images, labels))();
    if (round >= 0) ratios.push(cpu / own);
  }
  await torch.close();
  images.dispose();
  return [[`${name} step, over PyTorch`, spreadOf(ratios).median]];
}

function noise(seed: number): tf.Tensor4D {
  return tf.randomNormal<tf.Rank.R4>([BATCH, SIDE, SIDE, 3], 0, 1, "float32", seed);
}

async function measureForward(): Promise<[string, number]> {
  const folder = Deno.makeTempDirSync();
  const subject = await makeSubject(folder, { name: "resnet20", batch: BATCH });
  Deno.removeSync(folder, { recursive: true });
  const images = noise(SEED);
  const pair = forwardPair(subject, images);
  const ratio = ratioOf(pair);
  images.dispose();
  return ["ResNet-20 forward, over stock tfjs", ratio];
}

await startBackend();
const kernels = await loadKernels();
const use = kernelSwitch(kernels);
const measured = Object.fromEntries([
  await measureForward(),
  ...measureConvolutions(kernels),
  ...await measureSteps("resnet20"),
  ...await measureSteps("mobilenet-v2"),
  ...await measureSteps("vgg11-cifar"),
]);
if (Deno.args.includes("--record")) {
  const rounded = Object.entries(measured).map(([name, ratio]) => [name, Number(ratio.toFixed(3))]);
  Deno.writeTextFileSync(RECORDED, `${JSON.stringify(Object.fromEntries(rounded), null, 2)}\n`);
}
const recorded: Record<string, number> = JSON.parse(Deno.readTextFileSync(RECORDED));
const rows = Object.entries(recorded).map(([name, wanted]) => {
  const found = measured[name] as number | undefined;
  const kept = found === undefined ? undefined : found / wanted;
  return { name, wanted, found, kept, isLost: kept !== undefined && kept < LEAST };
});
console.log(formatTable(rows.map(({ name, wanted, found, kept, isLost }) => ({
  "times as fast": name,
  recorded: wanted.toFixed(2),
  now: found?.toFixed(2) ?? "not measured",
  kept: kept === undefined ? "" : `${(100 * kept).toFixed(0)} %${isLost ? ", lost" : ""}`,
}))));
if (rows.some(({ isLost }) => isLost)) Deno.exitCode = 1;
