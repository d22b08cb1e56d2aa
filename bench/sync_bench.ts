/**
 * What waiting for the disk costs: `deno run --allow-all bench/sync_bench.ts [REPEATS]`. Models of 1 MB and 100 MB are written
 * to a new folder, over an older model, and to one file; a journal gets an entry. The same without waiting stands beside it.
 *
 * @module
 */
import { join } from "node:path";
import { appendSynced } from "../src/base/synced_file.ts";
import { disk } from "../src/base/disk.ts";
import { writeWholeFile } from "../src/base/whole_file.ts";
import { saveModelFile } from "../src/formats/tfjs/save.ts";
import type { ModelFile } from "../src/model/model_file.ts";

function model(bytes: number): ModelFile {
  const values = Float32Array.from({ length: bytes / 4 }, (_, index) => Math.sin(index));
  const layer = { class_name: "Dense", config: { name: "dense" } };
  return {
    path: "model",
    topology: { class_name: "Sequential", config: { name: "m", layers: [layer] } },
    weights: new Map([
      ["dense/kernel", { name: "dense/kernel", shape: [values.length], dtype: "float32", values }],
    ]),
    bytes: 0,
  };
}

/** Leaves the waiting out until it goes out of scope. */
function withoutSync(): Disposable {
  const { open } = disk;
  disk.open = async (...given) =>
    Object.assign(await open(...given), { sync: () => Promise.resolve() });
  return { [Symbol.dispose]: () => void (disk.open = open) };
}

async function time(work: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await work();
  return performance.now() - start;
}

const median = (values: readonly number[]) => values.toSorted((a, b) => a - b)[values.length >> 1];
const shown = (values: readonly number[]) =>
  `${median(values).toFixed(1)} (${Math.min(...values).toFixed(1)} to ${
    Math.max(...values).toFixed(1)
  })`;

const [repeats = "9"] = Deno.args;
const folder = await Deno.makeTempDir({ prefix: "secateur-sync-" });
const place = join(folder, "place");
const clear = () => Deno.remove(place, { recursive: true }).catch(() => {});
console.log("| what is written | ms, median (range) | without waiting |");
console.log("| --- | --- | --- |");

async function compare(
  name: string,
  prepare: () => Promise<unknown>,
  write: () => Promise<unknown>,
): Promise<void> {
  const times: Record<"with" | "without", number[]> = { with: [], without: [] };
  for (let repeat = 0; repeat < Number(repeats); repeat++) {
    for (const how of ["with", "without"] as const) {
      await prepare();
      using _ = how === "without" ? withoutSync() : undefined;
      times[how].push(await time(write));
    }
  }
  console.log(`| ${name} | ${shown(times.with)} | ${shown(times.without)} |`);
}

for (const [name, bytes] of [["1 MB", 1e6], ["100 MB", 1e8]] as const) {
  const file = model(bytes);
  const save = () => saveModelFile(place, file, { force: true });
  await compare(`a model of ${name} in a new folder`, clear, save);
  await compare(`a model of ${name} over an older one`, save, save);
  const content = new Uint8Array(bytes).fill(7);
  await clear();
  await compare(
    `one file of ${name}`,
    () => Promise.resolve(),
    () => writeWholeFile(place, content),
  );
}
const entry = `${JSON.stringify({ kind: "trial", ratios: Array(20).fill(0.5) })}\n`;
await compare("an entry of a journal", () => Promise.resolve(), () => appendSynced(place, entry));
await Deno.remove(folder, { recursive: true });
