import { readFile } from "node:fs/promises";
import { availableParallelism, cpus } from "node:os";
import process from "node:process";
import * as tf from "@tensorflow/tfjs";
import {
  differences,
  fileError,
  InputError,
  isMissing,
  parseJson,
  writeWholeFile,
} from "../base/mod.ts";
import { isJsonObject } from "../model/mod.ts";
import { type LayerShape, shapeKey } from "./layer_shape.ts";
import { timeStockLayers } from "./on_stock.ts";
import type { LayerTimer } from "./time_layers.ts";

/** The machine and the software that times were measured with. */
export interface LatencyConditions {
  /** Version of TensorFlow.js. */
  readonly tfjs: string;
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
  /** File that times are kept in; without one they are kept in memory alone. */
  readonly path?: string;
  /** What times layers; by default stock tfjs-wasm on a thread of its own. */
  readonly timer?: LayerTimer;
  /** Called with how many of the missing layers have been timed. */
  readonly onProgress?: (done: number, total: number) => void;
}

/** Layers timed between two writes of the file. */
const LAYERS_PER_WRITE = 64;

/**
 * Measured times of single layers on this machine, each measured when it is first asked for and kept on disk. All are in
 * units of one reference, whose time was taken when the table was begun.
 */
export class LatencyTable {
  readonly #options: LatencyTableOptions;
  readonly #times: Map<string, number>;
  #reference: number | undefined;

  private constructor(options: LatencyTableOptions, stored?: StoredTable) {
    this.#options = options;
    this.#times = new Map(Object.entries(stored?.times ?? {}));
    this.#reference = stored?.reference;
  }

  /**
   * Opens a table, or begins one.
   *
   * @param options Where it is kept.
   * @returns The table.
   * @throws {InputError} When the file cannot be read or holds for another machine or version; the difference is named.
   */
  static async open(options: LatencyTableOptions = {}): Promise<LatencyTable> {
    const { path } = options;
    return new LatencyTable(options, path === undefined ? undefined : await readTable(path));
  }

  /**
   * Times the layers that are not in the table, and writes it.
   *
   * @param shapes The layers.
   * @throws {InputError} When TensorFlow.js cannot make a layer, or the file cannot be written.
   */
  async measure(shapes: readonly LayerShape[]): Promise<void> {
    const { timer = timeStockLayers, onProgress } = this.#options;
    const wanted = new Map(shapes.map((shape) => [shapeKey(shape), shape]));
    const missing = [...wanted].filter(([key]) => !this.#times.has(key));
    for (let first = 0; first < missing.length; first += LAYERS_PER_WRITE) {
      const part = missing.slice(first, first + LAYERS_PER_WRITE);
      const { reference, ratios } = await timer(part.map(([, shape]) => shape));
      this.#reference ??= reference;
      part.forEach(([key], index) => this.#times.set(key, ratios[index] * this.#reference!));
      await this.#write();
      onProgress?.(first + part.length, missing.length);
    }
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

  async #write(): Promise<void> {
    const { path } = this.#options;
    if (path === undefined) return;
    const times = Object.fromEntries(
      [...this.#times].sort(([a], [b]) => a < b ? -1 : 1)
        .map(([key, time]) => [key, Number(time.toPrecision(5))]),
    );
    const table: StoredTable = {
      conditions: describeConditions(),
      reference: this.#reference,
      times,
    };
    await writeWholeFile(path, `${JSON.stringify(table, null, 1)}\n`);
  }
}

/** What times taken now would hold for. */
export function describeConditions(): LatencyConditions {
  const cpu = maySeeProcessor() ? cpus()[0]?.model : undefined;
  return {
    tfjs: tf.version.tfjs,
    target: `${process.platform}-${process.arch}`,
    ...(cpu === undefined ? {} : { cpu }),
    cores: availableParallelism(),
    threads: 1,
  };
}

/** Deno would ask the user, or refuse; others have no permissions. */
function maySeeProcessor(): boolean {
  const { Deno: deno } = globalThis as { Deno?: typeof Deno };
  return deno === undefined ||
    deno.permissions.querySync({ name: "sys", kind: "cpus" }).state === "granted";
}

async function readTable(path: string): Promise<StoredTable | undefined> {
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
  refuseOthers(path, table.conditions);
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

/** A processor that either side does not know is no difference. */
function refuseOthers(path: string, found: LatencyConditions): void {
  const wanted = describeConditions();
  const isUnknown = found.cpu === undefined || wanted.cpu === undefined;
  const [had, wants] = [found, wanted].map((conditions) =>
    isUnknown ? { ...conditions, cpu: undefined } : conditions
  );
  const different = differences(had, wants);
  if (different.length === 0) return;
  throw new InputError(
    `reading ${path}: found times for ${different.join("; ")}; ` +
      `give another file, or remove it to have layers timed anew`,
  );
}
