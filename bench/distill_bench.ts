/**
 * What a teacher costs a training step: a step of a replica without one, with one whose answers are kept because images
 * are shown as they are, and with one that answers anew because images are shifted and mirrored.
 *
 *     deno run --allow-read --allow-write --allow-env bench/distill_bench.ts [student] [teacher] [images] [rounds]
 *
 * By default ResNet-20 learns from ResNet-20. All take turns in one process; times are the processor's. Beside them what
 * the changes of the images alone take.
 *
 * @module
 */
import { augmentBatch } from "../src/data/augment.ts";
import type { Batch } from "../src/data/batches.ts";
import { layOutParameters, packParameters } from "../src/execution/training/parameters.ts";
import { openNetwork } from "../src/graph/opening/network.ts";
import { startBackend } from "../src/kernels/backend.ts";
import { loadKernels } from "../src/kernels/load.ts";
import { registerKernels } from "../src/kernels/register.ts";
import { TrainingReplica } from "../src/session/workers/training_replica.ts";
import { buildNetwork } from "../src/tuning/nets/build.ts";
import { createRandom } from "../src/base/random.ts";
import { cpuSeconds } from "./machine.ts";
import { formatSpread, formatTable, spreadOf } from "./timing.ts";
import { CLASSES, PREPROCESSING, SEED, SIDE } from "./train_contestants.ts";

const WARM_UPS = 3;
const STILL = { shift: 0, flip: false }, MOVED = { shift: 4, flip: true };

const [student = "resnet20", teacher = "resnet20", size = "128", rounds = "9"] = Deno.args;
await startBackend();
registerKernels(await loadKernels());
const shape = { inputShape: [SIDE, SIDE, 3], classes: CLASSES } as const;
const file = await buildNetwork(student, shape, SEED);
const teacherFile = await buildNetwork(teacher, shape, SEED + 1);
const { graph } = await openNetwork(file);
const layout = layOutParameters(graph);
const weights = new SharedArrayBuffer(4 * layout.length);
packParameters(graph, layout, new Float32Array(weights));

async function openReplica(distillationWeight: number, augmentation: typeof STILL) {
  return await TrainingReplica.open({
    file,
    ...(distillationWeight > 0 && { teacher: teacherFile }),
    loss: { kind: "classes", options: { labelSmoothing: 0, distillationWeight, temperature: 4 } },
    augmentation,
    seed: SEED,
    weights,
    gradients: new SharedArrayBuffer(4 * layout.length),
  }, PREPROCESSING.inputs);
}

const images = Number(size), random = createRandom(SEED);
const pixels = Float32Array.from({ length: images * SIDE * SIDE * 3 }, () => 2 * random() - 1);
const indices = Int32Array.from({ length: images }, (_, image) => image);
const makeBatch = (): Batch => ({
  inputs: [pixels.slice()],
  labels: indices.map((image) => image % CLASSES),
  indices,
  size: images,
});

const plain = await openReplica(0, MOVED);
const kept = await openReplica(0.5, STILL);
const asked = await openReplica(0.5, MOVED);
const contestants: Record<string, (batch: Batch, epoch: number) => void> = {
  "without a teacher, images moved": (batch, epoch) => void plain.step(batch, epoch),
  "answers kept, images still": (batch, epoch) => void kept.step(batch, epoch),
  "answered anew, images moved": (batch, epoch) => void asked.step(batch, epoch),
  "moving the images": (batch, epoch) =>
    augmentBatch(batch, PREPROCESSING.inputs, MOVED, SEED, epoch),
};
const seconds = Object.keys(contestants).map(() => [] as number[]);
for (let round = -WARM_UPS; round < Number(rounds); round++) {
  Object.values(contestants).forEach((run, index) => {
    const batch = makeBatch(), start = cpuSeconds();
    run(batch, round + WARM_UPS);
    if (round >= 0) seconds[index].push(cpuSeconds() - start);
  });
}
console.log(`${student} from ${teacher}, ${size} images, ${rounds} rounds\n`);
console.log(formatTable(
  Object.keys(contestants).map((name, index) => ({
    step: name,
    "ms min / median / max": formatSpread(spreadOf(seconds[index]), 1e3, 1),
    "of the plain step (rounds)": formatSpread(
      spreadOf(seconds[index].map((value, round) => value / seconds[0][round])),
      1,
      3,
    ),
  })),
));
