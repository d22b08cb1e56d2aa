/**
 * The forward pass of a network, batch 128, one thread: our evaluation copy against stock TensorFlow.js and ONNX Runtime.
 *
 *     deno run --allow-all bench/forward_bench.ts [MODEL] [rounds]
 *
 * Without MODEL it is an untrained ResNet-20 for 32×32×3. All take turns: stock `model.predict` on stock tfjs-wasm; the
 * folded plan that evaluation and calibration use, on stock kernels and on ours; onnxruntime-web (WebAssembly, one thread)
 * and onnxruntime-node (native code, one thread), each in a process of its own that times its runs itself and waits
 * meanwhile. ONNX Runtime reads the network as `writeOnnx()` writes it; what does not load is left out.
 *
 * Differences are the largest from stock `predict`, over the largest output. Beside that: BatchNormalization and ReLU that
 * stand alone, and the 1×1 depthwise convolution that replaces them in the plan.
 *
 * @module
 */
import { basename } from "node:path";
import * as tf from "@tensorflow/tfjs";
import { ForwardPlan } from "../src/execution/forward/forward_plan.ts";
import { InputError } from "../src/base/errors.ts";
import { openNetwork } from "../src/graph/opening/network.ts";
import { loadKernels } from "../src/kernels/load.ts";
import { startBackend } from "../src/kernels/backend.ts";
import { loadModelFile } from "../src/formats/tfjs/load.ts";
import { writeOnnx } from "../src/formats/onnx/write/write.ts";
import type { ModelFile } from "../src/model/model_file.ts";
import { buildNetwork } from "../src/tuning/nets/build.ts";
import { relativeDifference } from "../test/reference/samples.ts";
import { AskedChild, readFloats, writeArray } from "./asked_child.ts";
import { kernelSwitch } from "./machine.ts";
import { formatSpread, formatTable, measureInTurns, spreadOf } from "./timing.ts";

const ROUNDS = 15, WARM_UPS = 3;
const BATCH = 128, SEED = 1;

/** One that takes part: seconds of a run, and the output of another. */
interface Contestant {
  run(): Promise<number> | number;
  output(): Promise<Float32Array> | Float32Array;
}

/** A forward pass in this process, on either set of kernels. */
function contestant(useKernels: () => void, predict: () => tf.Tensor): Contestant {
  return {
    run() {
      useKernels();
      const start = performance.now();
      predict().dispose();
      return (performance.now() - start) / 1e3;
    },
    output() {
      useKernels();
      const output = predict();
      const values = output.dataSync<"float32">().slice();
      output.dispose();
      return values;
    },
  };
}

/** Writes the network and the images for ONNX Runtime; false for networks that ONNX cannot hold. */
function writeSubject(folder: string, file: ModelFile): boolean {
  try {
    Deno.writeFileSync(`${folder}/model.onnx`, writeOnnx(file));
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    console.error(`ONNX Runtime: not measured, ${error.message}`);
    return false;
  }
  const transposed = tf.tidy(() => tf.transpose(images, [0, 3, 1, 2]));
  writeArray(`${folder}/images.f32`, transposed.dataSync());
  Deno.writeTextFileSync(`${folder}/shape.json`, JSON.stringify(transposed.shape));
  transposed.dispose();
  return true;
}

/** Starts ONNX Runtime in a process of its own. */
async function startOnnx(folder: string, kind: "web" | "node") {
  const script = new URL("forward_onnx.ts", import.meta.url).pathname;
  const args = ["run", "--quiet", "--no-config", "--no-lock", "--allow-all", script, folder, kind];
  const child = await AskedChild.start(Deno.execPath(), { args });
  if (child === undefined) {
    return console.error(`onnxruntime-${kind}: not measured, it does not load`);
  }
  const run = async () => (await child.ask<{ seconds: number }>("run")).seconds;
  const output = async () => {
    await child.ask("output");
    return readFloats(`${folder}/output-${kind}.f32`);
  };
  return { child, name: child.greeting.versions, run, output };
}

/** Times all in turns; one row each. */
async function race(rounds: number, contestants: Record<string, Contestant>) {
  const entries = Object.entries(contestants);
  const outputs: Float32Array[] = [];
  for (const [, { output }] of entries) outputs.push(await output());
  const seconds = entries.map(() => [] as number[]);
  for (let round = -WARM_UPS; round < rounds; round++) {
    for (const [index, [, { run }]] of entries.entries()) {
      const taken = await run();
      if (round >= 0) seconds[index].push(taken);
    }
  }
  const [stock] = seconds;
  return entries.map(([name], index) => {
    const ratios = spreadOf(stock.map((value, round) => value / seconds[index][round]));
    const ofMedians = spreadOf(stock).median / spreadOf(seconds[index]).median;
    return {
      forward: name,
      "ms min / median / max": formatSpread(spreadOf(seconds[index]), 1e3, 1),
      "times as fast as stock (rounds)": `${ofMedians.toFixed(2)} (${formatSpread(ratios, 1, 2)})`,
      difference: relativeDifference(outputs[index], outputs[0]).toExponential(1),
    };
  });
}

/** BatchNormalization and ReLU that stand alone, and what replaces them. */
function measureAlone(): Record<string, string>[] {
  const maps = tf.randomNormal([BATCH, 32, 32, 16]) as tf.Tensor4D;
  const scale = tf.randomUniform([16]) as tf.Tensor1D;
  const shift = tf.randomNormal([16]) as tf.Tensor1D;
  const filter = scale.reshape([1, 1, 16, 1]) as tf.Tensor4D;
  const [zeros, ones] = [tf.zeros([16]) as tf.Tensor1D, tf.ones([16]) as tf.Tensor1D];
  const settings = { strides: 1, pad: "valid", bias: shift, activation: "relu" } as const;
  const [normalized, convolved] = measureInTurns(rounds, [
    () => tf.tidy(() => void tf.relu(tf.batchNorm(maps, zeros, ones, shift, scale, 1e-5))),
    () => tf.tidy(() => void tf.fused.depthwiseConv2d({ x: maps, filter, ...settings })),
  ]);
  tf.dispose([maps, scale, shift, filter, zeros, ones]);
  return [
    { [`alone, ${BATCH}×32×32×16`]: "BatchNormalization and ReLU", spread: normalized },
    { [`alone, ${BATCH}×32×32×16`]: "as a 1×1 depthwise convolution", spread: convolved },
  ].map(({ spread, ...row }) => ({
    ...row as Record<string, string>,
    "ms min / median / max": formatSpread(spread, 1e3, 2),
  }));
}

async function loadSubject(path: string | undefined) {
  if (path !== undefined) return await loadModelFile(path);
  return await buildNetwork("resnet20", { inputShape: [32, 32, 3], classes: 10 }, SEED);
}

await startBackend();
const kernels = await loadKernels();
const hasPath = Deno.args[0] !== undefined && isNaN(Number(Deno.args[0]));
const [path, rounds] = [
  hasPath ? Deno.args[0] : undefined,
  Number(Deno.args[hasPath ? 1 : 0] ?? ROUNDS),
];
const file = await loadSubject(path);
const { model, graph } = await openNetwork(file);
const images = tf.randomNormal<tf.Rank.R4>(
  [BATCH, ...model.inputs[0].shape.slice(1) as [number, number, number]],
  ...[0, 1, "float32", SEED] as const,
);
const use = kernelSwitch(kernels);
const plan = new ForwardPlan(graph, model);
const predict = () => model.predict(images) as tf.Tensor;
const advance = () => plan.predict([images.clone()])[0];

const folder = Deno.makeTempDirSync();
const onnx = [];
if (writeSubject(folder, file)) {
  onnx.push(await startOnnx(folder, "web"), await startOnnx(folder, "node"));
}
const started = onnx.filter((each) => each !== undefined);
const load = [Deno.loadavg()[0]];
const rows = await race(rounds, {
  "stock `predict`": contestant(use.stock, predict),
  "plan on stock kernels": contestant(use.stock, advance),
  "plan on ours": contestant(use.ours, advance),
  ...Object.fromEntries(started.map(({ name, run, output }) => [name, { run, output }])),
});
load.push(Deno.loadavg()[0]);
for (const { child } of started) await child.close();
Deno.removeSync(folder, { recursive: true });

const subject = path === undefined ? `resnet20, seed ${SEED}` : basename(path);
console.log(`${subject}, ${kernels.build} build, ${rounds} rounds`);
console.log(`load average before and after: ${load.map((value) => value.toFixed(1)).join(", ")}\n`);
console.log(formatTable(rows));
use.stock();
console.log(`\n${formatTable(measureAlone())}`);
