/**
 * Peak resident memory of every command on a model of 14.7 million parameters: VGG-16 for images of 32 × 32, random weights.
 *
 *     deno run --allow-all bench/memory_bench.ts DATA [options of prune …]
 *
 * The model is made in a temporary folder, also as .onnx and .keras. Every command runs in a process of its own, all
 * workers included; `prune` with the uniform ratio 0.5 and whatever options are given. Linux alone tells the peaks.
 *
 * @module
 */
import { join } from "node:path";
import { startBackend } from "../src/kernels/backend.ts";
import { saveModelFile } from "../src/formats/tfjs/save.ts";
import { buildNetwork } from "../src/tuning/nets/build.ts";
import { formatTable } from "./timing.ts";
import { runSecateur } from "./watched_child.ts";

const [data, ...options] = Deno.args;
const folder = await Deno.makeTempDir();
const [model, onnx, keras] = ["model", "model.onnx", "model.keras"].map((name) =>
  join(folder, name)
);

await startBackend();
const built = await buildNetwork("vgg16-cifar", { inputShape: [32, 32, 3], classes: 10 }, 1);
const metadata = { preprocess: { scale: 1, mean: [127.5], std: [63.75], inputSize: [32, 32] } };
await saveModelFile(model, { ...built, metadata });

const uniform = ["--prune-option", "uniform", "--uniform-preserve-ratio", "0.5", ...options];
const commands = [
  ["inspect", model],
  ["convert", model, onnx],
  ["convert", model, keras],
  ["convert", onnx, join(folder, "from-onnx")],
  ["convert", keras, join(folder, "from-keras")],
  ["convert", model, join(folder, "quantized"), "--quantize", "uint8"],
  ["prune", model, "--data", data, "--out", join(folder, "pruned"), ...uniform],
  [
    "prune",
    model,
    "--data",
    data,
    "--out",
    join(folder, "coupled"),
    ...uniform,
    "--shared",
    "couple",
  ],
  ["prune", onnx, "--data", data, "--out", join(folder, "pruned.onnx"), ...uniform],
];
const rows = [];
for (const command of commands) {
  const { success, peak, seconds } = await runSecateur([...command, "--json"]);
  const shown = command.map((word) => word.replace(`${folder}/`, "").replace(data, "DATA"));
  rows.push({
    command: shown.join(" "),
    "peak (MiB)": success ? String(peak) : "failed",
    "time (s)": seconds.toFixed(0),
  });
  console.error(Object.values(rows.at(-1)!).join("  "));
}
await Deno.remove(folder, { recursive: true });
console.log(formatTable(rows));
