import {
  isComplete,
  loadStatistics,
  missingShards,
  saveStatistics,
  type StatisticsIdentity,
} from "../../execution/mod.ts";
import { InputError, refuseExistingFile, statFile } from "../../base/mod.ts";
import {
  type MomentsByLayer,
  type PackedMoments,
  packMoments,
  unpackAll,
  unpackMoments,
} from "../../kernels/mod.ts";
import {
  gatherMoments,
  identifyStatistics,
  layersToSample,
  type StatisticsSource,
} from "./statistics_source.ts";

/** Statistics on disk. */
interface StatisticsFile {
  readonly path: string;
  readonly identity: StatisticsIdentity;
  /** Whether it stood there when the run began. */
  readonly wasThere: boolean;
}

/**
 * Moments of the original network: all that need some ask here, so nothing is gathered twice in a run. With a file
 * they are read from it; where there is no such file yet, those of all layers are gathered and it is written.
 */
export class OriginalMoments {
  readonly #source: StatisticsSource;
  readonly #file?: StatisticsFile;
  #isWritten: boolean;
  #moments: ReadonlyMap<string, PackedMoments> = new Map();

  private constructor(source: StatisticsSource, file?: StatisticsFile) {
    this.#source = source;
    this.#file = file;
    this.#isWritten = file?.wasThere ?? false;
  }

  /**
   * Makes sure that the file can be used, before work is spent.
   *
   * @param source What statistics are gathered from.
   * @param path File of the statistics. Default: none is read or written.
   * @returns The moments, of which none is in memory yet.
   * @throws {InputError} When the file is damaged, lacks shards or belongs to something else, with the difference; when
   * there is none and none can be written.
   */
  static async open(source: StatisticsSource, path?: string): Promise<OriginalMoments> {
    if (path === undefined) return new OriginalMoments(source);
    const identity = await identifyStatistics(source);
    const wasThere = await statFile(path) !== undefined;
    if (wasThere) await checkFile(path, identity);
    else await refuseExistingFile(path);
    return new OriginalMoments(source, { path, identity, wasThere });
  }

  /** The file, and whether this run read or wrote it; undefined without one. */
  get origin(): { readonly file: string; readonly action: "read" | "written" } | undefined {
    if (this.#file === undefined) return undefined;
    return { file: this.#file.path, action: this.#file.wasThere ? "read" : "written" };
  }

  /**
   * Moments of layers; what is not in memory yet is read, or gathered in one pass.
   *
   * @param keys The layers.
   * @returns Moments of these layers at least, unpacked whenever one is asked for.
   * @throws {InputError} When the file cannot be read or written.
   */
  async momentsOf(keys: readonly string[]): Promise<MomentsByLayer> {
    await this.ensureFile();
    const missing = new Set(keys.filter((key) => !this.#moments.has(key)));
    if (missing.size > 0) {
      this.#moments = new Map([...this.#moments, ...await this.#find(missing)]);
    }
    const moments = this.#moments;
    return { get: (key) => unpackMoments(moments.get(key)!) };
  }

  /**
   * Writes the file if one was asked for and is not there yet, though this run may not need it.
   *
   * @throws {InputError} When it cannot be written.
   */
  async ensureFile(): Promise<void> {
    if (this.#file === undefined || this.#isWritten) return;
    await this.#write(this.#file.path, this.#file.identity);
    this.#isWritten = true;
  }

  /** The same for another holder: what that one releases stays here. */
  share(): OriginalMoments {
    const other = new OriginalMoments(this.#source, this.#file);
    other.#isWritten = this.#isWritten;
    other.#moments = this.#moments;
    return other;
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

  /** Gives the memory back, about d × d/2 numbers a layer. */
  release(): void {
    this.#moments = new Map();
  }

  async #write(path: string, identity: StatisticsIdentity): Promise<void> {
    const all = layersToSample(this.#source);
    const missing = all.filter(({ key }) => !this.#moments.has(key));
    const moments = new Map([...this.#moments, ...await gatherMoments(this.#source, missing)]);
    const ordered = new Map(all.map(({ key }) => [key, moments.get(key)!]));
    await saveStatistics(path, {
      identity,
      shards: { of: 1, have: [1] },
      layers: unpackAll(ordered),
    });
    this.#moments = moments;
  }

  async #find(keys: ReadonlySet<string>): Promise<ReadonlyMap<string, PackedMoments>> {
    if (this.#file === undefined) {
      const layers = this.#source.graph.nodes.filter(({ key }) => keys.has(key));
      return await gatherMoments(this.#source, layers);
    }
    const { path, identity } = this.#file;
    const { layers } = await loadStatistics(path, { identity, layers: [...keys] });
    return new Map([...layers].map(([key, moments]) => [key, packMoments(moments)]));
  }
}

async function checkFile(path: string, identity: StatisticsIdentity): Promise<void> {
  const head = await loadStatistics(path, { identity, layers: [] });
  if (isComplete(head)) return;
  const { of, have } = head.shards;
  throw new InputError(
    `reading ${path}: found ${have.length} of ${of} shards, wanted all; ` +
      `add the missing ones, ${missingShards(head).join(", ")}, with \`merge\``,
  );
}
