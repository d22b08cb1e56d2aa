import {
  isComplete,
  missingShards,
  StatisticsFile,
  type StatisticsIdentity,
  writeStatistics,
} from "../../execution/mod.ts";
import type { LayerNode } from "../../graph/mod.ts";
import { InputError, refuseExistingFile, statFile } from "../../base/mod.ts";
import type { MomentsByLayer } from "../../kernels/mod.ts";
import { MomentStore } from "./moment_store.ts";
import {
  gatherMoments,
  identifyStatistics,
  layersToSample,
  type StatisticsSource,
} from "./statistics_source.ts";

/** Statistics in a file that stays. */
interface OwnFile {
  readonly path: string;
  readonly identity: StatisticsIdentity;
  /** Whether it stood there when the run began. */
  readonly wasThere: boolean;
}

/** Where statistics are found. */
export interface StatisticsPlaces {
  /** File of the statistics. Default: none is read or written. */
  readonly path?: string;
  /** Folder in which what has no room in memory is kept meanwhile. Default: the system's for temporary files. */
  readonly scratch?: string;
}

/** What all that share moments have in common. */
interface Shared {
  readonly store: MomentStore;
  /** The file, once it is there. */
  reader?: StatisticsFile;
}

/**
 * Moments of the original network: all that need some ask here, so nothing is gathered twice in a run. With a file
 * they are read from it; where there is no such file yet, those of all layers are gathered and it is written. What has no
 * room in memory waits on disk, and the moments of one layer are read at a time.
 */
export class OriginalMoments {
  readonly #source: StatisticsSource;
  readonly #shared: Shared;
  readonly #isOwner: boolean;
  readonly #file?: OwnFile;

  private constructor(
    source: StatisticsSource,
    shared: Shared,
    isOwner: boolean,
    file?: OwnFile,
  ) {
    this.#source = source;
    this.#shared = shared;
    this.#isOwner = isOwner;
    this.#file = file;
  }

  /**
   * Makes sure that the file can be used, before work is spent.
   *
   * @param source What statistics are gathered from.
   * @param places Where they are.
   * @returns The moments, of which none is gathered yet.
   * @throws {InputError} When the file is damaged, lacks shards or belongs to something else, with the difference; when
   * there is none and none can be written.
   */
  static async open(
    source: StatisticsSource,
    { path, scratch }: StatisticsPlaces = {},
  ): Promise<OriginalMoments> {
    const shared: Shared = { store: new MomentStore(scratch) };
    if (path === undefined) return new OriginalMoments(source, shared, true);
    const identity = await identifyStatistics(source);
    const wasThere = await statFile(path) !== undefined;
    if (wasThere) shared.reader = openWhole(path, identity);
    else await refuseExistingFile(path);
    return new OriginalMoments(source, shared, true, { path, identity, wasThere });
  }

  /** The file, and whether this run read or wrote it; undefined without one. */
  get origin(): { readonly file: string; readonly action: "read" | "written" } | undefined {
    if (this.#file === undefined) return undefined;
    return { file: this.#file.path, action: this.#file.wasThere ? "read" : "written" };
  }

  /**
   * Moments of layers; what has not been gathered yet is, in as few passes as memory allows.
   *
   * @param keys The layers.
   * @returns Moments of these layers at least, read whenever one is asked for.
   * @throws {InputError} When the file cannot be read or written.
   */
  async momentsOf(keys: readonly string[]): Promise<MomentsByLayer> {
    await this.ensureFile();
    const { store, reader } = this.#shared;
    if (reader) {
      for (const key of keys) reader.sizeOf(key);
      return { get: (key) => reader.packed(key) };
    }
    const missing = new Set(keys.filter((key) => !store.sizes.has(key)));
    await this.#gather(this.#source.graph.nodes.filter(({ key }) => missing.has(key)));
    return { get: (key) => store.moments(key) };
  }

  /**
   * Writes the file if one was asked for and is not there yet, though this run may not need it.
   *
   * @throws {InputError} When it cannot be written.
   */
  async ensureFile(): Promise<void> {
    const { store, reader } = this.#shared;
    if (this.#file === undefined || reader) return;
    const { path, identity } = this.#file;
    await this.#write(path, identity);
    this.#shared.reader = openWhole(path, identity);
    store.close();
  }

  /** The same for another holder: what that one releases stays here. */
  share(): OriginalMoments {
    return new OriginalMoments(this.#source, this.#shared, false, this.#file);
  }

  /**
   * A file with the statistics of all layers, for workers elsewhere.
   *
   * @param path Where it is written when the run has no such file.
   * @returns Where it is.
   * @throws {InputError} When it cannot be written.
   */
  async writtenTo(path: string): Promise<string> {
    await this.ensureFile();
    if (this.#file) return this.#file.path;
    await this.#write(path, await identifyStatistics(this.#source));
    return path;
  }

  /** Gives back what the moments take of memory and disk, and closes the file. */
  release(): void {
    if (!this.#isOwner) return;
    this.#shared.store.close();
    this.#shared.reader?.close();
    this.#shared.reader = undefined;
  }

  async #write(path: string, identity: StatisticsIdentity): Promise<void> {
    const { store } = this.#shared;
    const all = layersToSample(this.#source);
    await this.#gather(all.filter(({ key }) => !store.sizes.has(key)));
    const sizes = new Map(all.map(({ key }) => [key, store.sizes.get(key)!]));
    const head = { identity, shards: { of: 1, have: [1] } };
    await writeStatistics(path, head, { sizes, packed: store.packed });
  }

  async #gather(layers: readonly LayerNode[]): Promise<void> {
    const { store } = this.#shared;
    await gatherMoments(this.#source, layers, (key, moments) => store.put(key, moments), true);
  }
}

/** Opens a file that has all shards. */
function openWhole(path: string, identity: StatisticsIdentity): StatisticsFile {
  const file = new StatisticsFile(path, identity);
  if (isComplete(file)) return file;
  file.close();
  const { of, have } = file.shards;
  throw new InputError(
    `reading ${path}: found ${have.length} of ${of} shards, wanted all; ` +
      `add the missing ones, ${missingShards(file).join(", ")}, with \`merge\``,
  );
}
