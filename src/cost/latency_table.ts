import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { availableParallelism, cpus } from "node:os";
import { dirname, join } from "node:path";
import process from "node:process";
import * as tf from "@tensorflow/tfjs";
import {
  differences,
  disk,
  fileError,
  InputError,
  isMissing,
  parseJson,
  writeWholeFile,
} from "../base/mod.ts";
import { isJsonObject } from "../model/mod.ts";
import { createRuntime, type RuntimeName } from "../runtimes/mod.ts";
import { type LayerShape, shapeKey } from "./layer_shape.ts";
import { timeLayersOn } from "./on_runtime.ts";
import type { LayerTimer } from "./time_layers.ts";
import { findUserCache, isPermitted } from "./user_cache.ts";

/** The machine and the software that times were measured with. */
export interface LatencyConditions {
  /** Version of TensorFlow.js. */
  readonly tfjs: string;
  /** What ran the layers, with its version, where it was not stock TensorFlow.js. */
  readonly timedOn?: string;
  /** What runs the WebAssembly, with its version; absent in tables of earlier versions. */
  readonly runtime?: string;
  /** Operating system and instruction set. */
  readonly target: string;
  /** Name of its processor, where the permission `--allow-sys=cpus` lets that be known. */
  readonly cpu?: string;
  /** Number of its cores. */
  readonly cores: number;
  /** Number of threads of the WASM backend. */
  readonly threads: number;
}

interface StoredTable {
  readonly conditions: LatencyConditions;
  /** Milliseconds of the reference when the table was begun. */
  readonly reference?: number;
  /** Milliseconds by shape. */
  readonly times: Readonly<Record<string, number>>;
}

/** Settings of {@link LatencyTable.open}. */
export interface LatencyTableOptions {
  /** File that times are kept in. */
  readonly path?: string;
  /** File of the run's own state: its times go before all others, so that the run can be gone on from. */
  readonly runPath?: string;
  /**
   * File that all runs on this machine share, see {@link findSharedTable}: it is used where no `path` is given, and the work
   * goes on without it where it cannot be used.
   */
  readonly sharedPath?: string;
  /** What runs the layers. Default: stock TensorFlow.js, `tfjs-wasm`. */
  readonly runtime?: RuntimeName;
  /** What times layers; by default the runtime on a thread of its own. */
  readonly timer?: LayerTimer;
  /** Called with how many of the missing layers have been timed. */
  readonly onProgress?: (done: number, total: number) => void;
  /** Called when the shared file holds something that cannot be used. */
  readonly onNotice?: (notice: string) => void;
}

/** A file that times are kept in. */
interface TableFile {
  readonly path: string;
  /** Whether the work goes on without it. */
  readonly isShared: boolean;
}

/** Layers timed between two writes of the files. */
const LAYERS_PER_WRITE = 64;

/** Digits of a time, in memory as in a file: a run that reads its times again decides the same. */
const DIGITS = 5;

/** What runs the layers of tables that do not say it. */
const STOCK: RuntimeName = "tfjs-wasm";

/**
 * Measured times of single layers on this machine, each measured when it is first asked for and kept on disk. All are in
 * units of one reference, whose time was taken when the table was begun. A layer goes by its shape: its class, its settings,
 * the shapes of its inputs and the images of a batch.
 */
export class LatencyTable {
  readonly #options: LatencyTableOptions;
  readonly #runtime: RuntimeName;
  readonly #files: TableFile[];
  readonly #times = new Map<string, number>();
  #reference: number | undefined;

  private constructor(options: LatencyTableOptions, files: readonly TableFile[]) {
    this.#options = options;
    this.#runtime = options.runtime ?? STOCK;
    this.#files = [...files];
  }

  /**
   * Opens a table, or begins one.
   *
   * @param options Where it is kept.
   * @returns The table.
   * @throws {InputError} When the runtime is not to be had, or a file that was given cannot be read or holds for another
   * machine, runtime or version; the difference is named. Such a shared file is a notice, and times are taken anew.
   */
  static async open(options: LatencyTableOptions = {}): Promise<LatencyTable> {
    const table = new LatencyTable(options, listFiles(options));
    for (const file of table.#files) table.#take(await table.#read(file));
    return table;
  }

  /** Whether what runs the layers makes one program of a network. */
  get isCompiled(): boolean {
    return createRuntime(this.#runtime).isCompiled;
  }

  /**
   * Times the layers that are not in the table, and writes it.
   *
   * @param shapes The layers.
   * @throws {InputError} When TensorFlow.js cannot make a layer, or a file that was given cannot be written.
   */
  async measure(shapes: readonly LayerShape[]): Promise<void> {
    const { timer = timeLayersOn(this.#runtime), onProgress } = this.#options;
    const wanted = new Map(shapes.map((shape) => [shapeKey(shape), shape]));
    const missing = [...wanted].filter(([key]) => !this.#times.has(key));
    for (let first = 0; first < missing.length; first += LAYERS_PER_WRITE) {
      const part = missing.slice(first, first + LAYERS_PER_WRITE);
      const { reference, ratios } = await timer(part.map(([, shape]) => shape));
      this.#reference ??= reference;
      part.forEach(([key], index) => this.#times.set(key, round(ratios[index] * this.#reference!)));
      await this.#write();
      onProgress?.(first + part.length, missing.length);
    }
    if (missing.length === 0 && this.#options.runPath !== undefined) await this.#write();
  }

  /**
   * The time of a layer.
   *
   * @param shape A layer that has been measured.
   * @returns Milliseconds for a batch.
   * @throws {RangeError} When it has not.
   */
  timeOf(shape: LayerShape): number {
    const time = this.#times.get(shapeKey(shape));
    if (time === undefined) throw new RangeError(`look up a time: ${shapeKey(shape)} has none`);
    return time;
  }

  /** Adds times that are not known yet, in units of this table's reference. */
  #take(stored: StoredTable | undefined): void {
    if (stored === undefined) return;
    const scale = this.#reference !== undefined && stored.reference
      ? this.#reference / stored.reference
      : 1;
    this.#reference ??= stored.reference;
    for (const [key, time] of Object.entries(stored.times)) {
      if (!this.#times.has(key)) this.#times.set(key, scale === 1 ? time : round(scale * time));
    }
  }

  async #read({ path, isShared }: TableFile): Promise<StoredTable | undefined> {
    try {
      return await readTable(path, this.#runtime);
    } catch (error) {
      if (!isShared || !(error instanceof InputError)) throw error;
      this.#options.onNotice?.(`layers are timed anew: ${error.message}`);
      return undefined;
    }
  }

  /** Another run may have written meanwhile: what it has measured is kept. */
  async #write(): Promise<void> {
    for (const file of [...this.#files]) {
      try {
        this.#take(await readTable(file.path, this.#runtime).catch(() => undefined));
        if (file.isShared) await disk.mkdir(dirname(file.path), { recursive: true });
        await writeWholeFile(file.path, this.#asText());
      } catch (error) {
        if (!file.isShared) throw error;
        this.#files.splice(this.#files.indexOf(file), 1);
      }
    }
  }

  #asText(): string {
    const table: StoredTable = {
      conditions: describeConditions(this.#runtime),
      reference: this.#reference,
      times: Object.fromEntries([...this.#times].sort(([a], [b]) => a < b ? -1 : 1)),
    };
    return `${JSON.stringify(table, null, 1)}\n`;
  }
}

function round(time: number): number {
  return Number(time.toPrecision(DIGITS));
}

/** The files of a table: what goes before others first. */
function listFiles({ path, runPath, sharedPath }: LatencyTableOptions): TableFile[] {
  const shared = path === undefined ? sharedPath : undefined;
  return [
    ...runPath === undefined ? [] : [{ path: runPath, isShared: false }],
    ...path === undefined ? [] : [{ path, isShared: false }],
    ...shared === undefined ? [] : [{ path: shared, isShared: true }],
  ];
}

/**
 * The file in which the times of this machine are kept for all runs. Its name follows from the machine and the software, so
 * that several have room beside each other.
 *
 * @param runtime What runs the layers. Default: stock TensorFlow.js.
 * @returns The file; undefined where the user's cache or the processor may not be looked at.
 * @throws {InputError} When the runtime is not to be had.
 */
export function findSharedTable(runtime: RuntimeName = STOCK): string | undefined {
  const cache = findUserCache();
  const conditions = describeConditions(runtime);
  if (cache === undefined || conditions.cpu === undefined) return undefined;
  const name = createHash("sha256").update(JSON.stringify(conditions)).digest("hex").slice(0, 16);
  return join(cache, "secateur", `latency-${name}.json`);
}

/**
 * What times taken now would hold for.
 *
 * @param runtime What runs the layers. Default: stock TensorFlow.js.
 * @returns The machine and the software.
 * @throws {InputError} When the runtime is not to be had.
 */
export function describeConditions(runtime: RuntimeName = STOCK): LatencyConditions {
  const cpu = isPermitted({ name: "sys", kind: "cpus" }) ? cpus()[0]?.model : undefined;
  return {
    tfjs: tf.version.tfjs,
    ...(runtime === STOCK ? {} : { timedOn: createRuntime(runtime).version }),
    runtime: nameRuntime(),
    target: `${process.platform}-${process.arch}`,
    ...(cpu === undefined ? {} : { cpu }),
    cores: availableParallelism(),
    threads: 1,
  };
}

/** What runs the WebAssembly, with its version. */
function nameRuntime(): string {
  const versions: Readonly<Record<string, string | undefined>> = process.versions;
  const name = ["deno", "bun", "node"].find((each) => versions[each] !== undefined);
  return `${name} ${name && versions[name]}`;
}

async function readTable(path: string, runtime: RuntimeName): Promise<StoredTable | undefined> {
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (cause) {
    if (isMissing(cause)) return undefined;
    throw fileError(`reading ${path}`, cause);
  }
  const table = parseTable(text);
  if (table === undefined) {
    throw new InputError(
      `reading ${path}: found no table of latencies, wanted one that Secateur has written; ` +
        `remove it to have layers timed anew`,
    );
  }
  refuseOthers(path, table.conditions, describeConditions(runtime));
  return table;
}

function parseTable(text: string): StoredTable | undefined {
  try {
    const table = parseJson(text);
    if (!isJsonObject(table)) return undefined;
    const { conditions, reference, times } = table;
    const isTable = isJsonObject(conditions) && isJsonObject(times) &&
      Object.values(times).every(isTime) && (reference === undefined || isTime(reference));
    return isTable ? table as unknown as StoredTable : undefined;
  } catch {
    return undefined;
  }
}

function isTime(value: unknown): boolean {
  return typeof value === "number" && Number.isFinite(value) && value >= 0;
}

/** A processor or runtime that either side does not know is no difference. */
function refuseOthers(path: string, found: LatencyConditions, wanted: LatencyConditions): void {
  const unknown = (["cpu", "runtime"] as const)
    .filter((name) => found[name] === undefined || wanted[name] === undefined);
  const [had, wants] = [found, wanted].map((conditions) => ({
    ...conditions,
    ...Object.fromEntries(unknown.map((name) => [name, undefined])),
  }));
  const different = differences(had, wants);
  if (different.length === 0) return;
  throw new InputError(
    `reading ${path}: found times for ${different.join("; ")}; ` +
      `give another file, or remove it to have layers timed anew`,
  );
}
