/**
 * Reads real files of every format with changes in them: `deno task fuzz [FORMAT|all] [COUNT] [SEED]`. A mutant is read, or
 * refused with an InputError, within 10 s; anything else is a crash or a hang, and is kept in a folder that is named.
 *
 * @module
 */
import { join } from "node:path";
import { startBackend } from "../../src/kernels/backend.ts";
import { createRandom } from "../../src/base/random.ts";
import { mutate } from "./mutate.ts";
import type { ReadAnswer } from "./read_worker.ts";
import { type Files, samplers } from "./samples.ts";

const PATIENCE_MILLISECONDS = 10_000;

/** TensorFlow.js keeps what it had made of a model that it refuses: a worker reads so many and ends. */
const READS_PER_WORKER = 400;

/** Crashes that are shown, the others are counted. */
const SHOWN = 5;

/** Reads mutants, in a worker that is ended when it hangs. */
class Reader {
  readonly #folder: string;
  #worker: Worker | undefined;
  #reads = 0;

  constructor(folder: string) {
    this.#folder = folder;
  }

  async read(format: string, files: Files): Promise<ReadAnswer | "hung"> {
    if (this.#reads++ % READS_PER_WORKER === 0) this.close();
    this.#worker ??= await this.#start();
    const answer = this.#next(this.#worker, PATIENCE_MILLISECONDS);
    this.#worker.postMessage({ format, files, folder: this.#folder });
    const given = await answer;
    if (given === "hung") this.close();
    return given;
  }

  close(): void {
    this.#worker?.terminate();
    this.#worker = undefined;
  }

  async #start(): Promise<Worker> {
    const worker = new Worker(new URL("read_worker.ts", import.meta.url), { type: "module" });
    await this.#next(worker, 60_000);
    return worker;
  }

  #next(worker: Worker, patience: number): Promise<ReadAnswer | "hung"> {
    const { promise, resolve } = Promise.withResolvers<ReadAnswer | "hung">();
    const timer = setTimeout(() => resolve("hung"), patience);
    worker.onmessage = ({ data }) => resolve(data);
    worker.onerror = (event) => {
      event.preventDefault();
      this.close();
      resolve({ outcome: "crashed", error: `the thread ended: ${event.message}` });
    };
    return promise.finally(() => clearTimeout(timer));
  }
}

async function fuzz(format: string, count: number, seed: number): Promise<boolean> {
  const folder = await Deno.makeTempDir({ prefix: "secateur-fuzz-" });
  const scratch = join(folder, "scratch");
  await Deno.mkdir(scratch);
  const samples = await samplers.get(format)!(scratch);
  const reader = new Reader(scratch);
  const tally = { read: 0, refused: 0, crashed: 0, hung: 0 };
  const crashes = new Map<string, number>();
  const stream = [...samplers.keys()].indexOf(format);
  let slowest = 0;
  for (let number = 0; number < count; number++) {
    const random = createRandom(seed, stream, number);
    const mutant = mutate(samples[Math.floor(random() * samples.length)], random);
    const start = performance.now();
    const answer = await reader.read(format, mutant);
    slowest = Math.max(slowest, performance.now() - start);
    const outcome = answer === "hung" ? "hung" : answer.outcome;
    tally[outcome]++;
    if (outcome === "read" || outcome === "refused") continue;
    const error = answer === "hung" ? "hung" : answer.error!.split("\n").slice(0, 4).join("\n");
    crashes.set(error, (crashes.get(error) ?? 0) + 1);
    if (crashes.size > SHOWN) continue;
    await Deno.mkdir(join(folder, `${number}`));
    for (const [name, bytes] of mutant) {
      await Deno.writeFile(join(folder, `${number}`, name), bytes);
    }
  }
  reader.close();
  const strangers = [...Deno.readDirSync(folder)].map(({ name }) => name)
    .filter((name) => name !== "scratch" && !/^\d+$/.test(name));
  const { read, refused, crashed, hung } = tally;
  const cells = [format, count, read, refused, crashed, hung, strangers.length];
  console.log(`| ${[...cells, (slowest / 1000).toFixed(2)].join(" | ")} |`);
  for (const [error, times] of [...crashes].slice(0, SHOWN)) {
    console.error(`${times} times: ${error}`);
  }
  const isFine = crashed + hung + strangers.length === 0;
  if (isFine) await Deno.remove(folder, { recursive: true });
  else console.error(`kept in ${folder}`);
  return isFine;
}

const [wanted = "all", count = "10000", seed = "0"] = Deno.args;
await startBackend();
const formats = wanted === "all" ? [...samplers.keys()] : [wanted];
console.log("| format | mutants | read | refused | crashes | hangs | files outside | slowest, s |");
console.log("| --- | --- | --- | --- | --- | --- | --- | --- |");
let isFine = true;
for (const format of formats) isFine = await fuzz(format, Number(count), Number(seed)) && isFine;
if (!isFine) Deno.exit(1);
