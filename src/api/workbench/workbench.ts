import type { ModelFile } from "../../model/mod.ts";
import { costModel } from "../../cost/mod.ts";
import { Stopwatch, withDefaults } from "../../base/mod.ts";
import { listCutUnits, listReaders } from "../../graph/mod.ts";
import { loadKernels } from "../../kernels/mod.ts";
import {
  allowedCounts,
  AUTO_DEFAULTS,
  type BudgetContext,
  type BudgetReport,
  type BudgetSetup,
  checkSkipped,
  createStatisticsSource,
  heldOutImages,
  measureAdapted,
  measureNetwork,
  OriginalMoments,
  priceBudget,
  PRUNE_DEFAULTS,
  pruneOpened,
  type PruneResult,
  readUnitErrors,
  solveBudget,
  type UnitErrors,
  wantedImages,
} from "../../pruning/mod.ts";
import type { PruneOptions } from "../prune.ts";
import {
  abortableListener,
  batchesOfThread,
  type DataOptions,
  type ImageSelection,
  openSession,
  type ProgressListener,
  type Session,
} from "../../session/mod.ts";
import type { Figures } from "../../execution/mod.ts";
import {
  Decisions,
  type DecisionSubject,
  type WorkbenchAnswer,
  type WorkbenchCost,
  type WorkbenchLayer,
} from "./decisions.ts";

/** What a {@link Workbench} uses where an option is not given. */
export const WORKBENCH_DEFAULTS = {
  ...PRUNE_DEFAULTS,
  effort: "standard",
  shared: "select",
  slowSelectors: false,
  keepBlocks: false,
  images: AUTO_DEFAULTS.images,
} as const;

/** Options of a {@link Workbench}: those of `prune` that do not belong to a single run. Channels are chosen by `obs`. */
export type WorkbenchOptions =
  & DataOptions
  & Pick<PruneOptions, "shared" | "channelMultiple" | "slowSelectors" | "keepBlocks" | "skip">
  & Pick<PruneOptions, "effort" | "statistics" | "verify">
  & Pick<PruneOptions, "batches" | "batchSize" | "pointsPerImage">
  & Pick<PruneOptions, "ridge" | "seed" | "memoryBudget">;

/** Interruption and progress of a method that takes a while. */
export interface WorkbenchRun {
  /** Ends the work at the next batch of images when it is aborted; the promise is rejected with its reason. */
  readonly signal?: AbortSignal;
  /** Called as the work proceeds. */
  readonly onProgress?: ProgressListener;
}

/** Figures of the network as it stands, and of the original. */
export interface WorkbenchEvaluation {
  /** The original network. */
  readonly before: Figures;
  /** The network as it stands, read off the statistics. */
  readonly after: Figures;
}

/**
 * A network on which channel counts are tried by hand. Statistics of the original network are gathered, or read, once;
 * from then on the error and the cost of any count are known without looking at an image.
 *
 * @example Choose channel counts by hand
 * ```ts
 * import { Workbench } from "secateur";
 * import assert from "node:assert/strict";
 *
 * const workbench = await Workbench.open({
 *   model: "cli/example/resnet8-fashion-mnist",
 *   data: "cli/example/fashion-mnist",
 *   batches: 1,
 * });
 * workbench.keep("stage3_*", 0.5);
 * workbench.keep("stage1_block1_conv2", 0.25);
 * const { before, after } = await workbench.evaluate(200);
 * if (after.accuracy! < before.accuracy! - 0.05) workbench.undo();
 * const { macs } = workbench.cost;
 * assert.ok(macs.after < macs.before);
 * await workbench.close();
 * ```
 */
export class Workbench {
  readonly #session: Session;
  readonly #settings: Settings;
  readonly #context: BudgetContext;
  readonly #unitErrors: UnitErrors;
  readonly #decisions: Decisions;
  readonly #evaluations = new Map<string, Figures>();
  #setup?: BudgetSetup;

  private constructor(
    session: Session,
    settings: Settings,
    context: BudgetContext,
    subject: DecisionSubject,
  ) {
    this.#session = session;
    this.#settings = settings;
    this.#context = context;
    this.#unitErrors = subject.unitErrors;
    this.#decisions = new Decisions(subject);
  }

  /**
   * Opens a model and its data, and gathers statistics or reads them.
   *
   * @param options Model, data and settings.
   * @returns The workbench, with every layer whole.
   * @throws {InputError} When model, data or statistics cannot be used.
   * @throws {WorkerError} When a thread is lost.
   *
   * @example Look at the layers of a network
   * ```ts
   * import { Workbench } from "secateur";
   * import assert from "node:assert/strict";
   *
   * const workbench = await Workbench.open({
   *   model: "cli/example/resnet8-fashion-mnist",
   *   data: "cli/example/fashion-mnist",
   *   batches: 1,
   * });
   * const { name, mode, kept, of } = workbench.layers[6];
   * assert.deepEqual([name, mode, kept, of], ["stage2_block1_conv2", "private", 32, 32]);
   * await workbench.close();
   * ```
   */
  static async open(options: WorkbenchOptions): Promise<Workbench> {
    const settings = withDefaults(options, WORKBENCH_DEFAULTS);
    const session = await openSession(settings, (file) => file);
    let original: OriginalMoments | undefined;
    try {
      const images = wantedImages(session.graph, settings);
      const source = createStatisticsSource(session, { ...settings, images }, new Stopwatch());
      const { graph, map } = source;
      const places = listReaders(graph, map, settings.shared);
      checkSkipped(settings.skip, places);
      original = await OriginalMoments.open(source, { path: settings.statistics });
      const kernels = await loadKernels();
      const context = {
        ...source,
        original,
        kernels,
        select: "obs" as const,
        ridge: settings.ridge,
        onStage: () => {},
      };
      const units = listCutUnits(graph, map, places);
      const counts = units.map((unit) => allowedCounts(graph, map, places, unit, settings));
      const unitErrors = await readUnitErrors(context, units, counts);
      return new Workbench(session, settings, context, {
        graph,
        map,
        places,
        unitErrors,
        rules: settings,
      });
    } catch (error) {
      original?.release();
      await session.close();
      throw error;
    }
  }

  /** Name of the network. */
  get name(): string {
    return this.#context.graph.name;
  }

  /** The model as it was read. */
  get original(): ModelFile {
    return this.#session.original;
  }

  /** The convolutions and Dense layers as they stand, in graph order. */
  get layers(): readonly WorkbenchLayer[] {
    return this.#decisions.layers;
  }

  /** What the network costs. */
  get cost(): WorkbenchCost {
    return this.#decisions.cost;
  }

  /** The ratio list that `prune` makes the same cuts by. */
  get ratioList(): string {
    return this.#decisions.ratioList;
  }

  /** Whether the counts are those of the last {@link markSaved}, or of the whole network if there was none. */
  get isSaved(): boolean {
    return this.#decisions.isSaved;
  }

  /** Notes that the counts as they stand are kept somewhere. */
  markSaved(): void {
    this.#decisions.markSaved();
  }

  /**
   * Keeps a share of the input channels of some layers, and of those that can only be cut together with them.
   *
   * @param pattern A name, `all`, or a pattern, in which `*` stands for any characters and `?` for one.
   * @param share The share, above 0 and at most 1.
   * @returns These layers as they are now, and the cost of the network.
   * @throws {InputError} When there is no such layer, none of them can be cut, or the share is out of range.
   *
   * @example Try a smaller share, and take it back
   * ```ts
   * import { Workbench } from "secateur";
   * import assert from "node:assert/strict";
   *
   * const model = "cli/example/resnet8-fashion-mnist";
   * const data = "cli/example/fashion-mnist";
   * const workbench = await Workbench.open({ model, data, batches: 1 });
   * const { layers: [layer] } = workbench.keep("stage2_block1_conv2", 0.5);
   * assert.equal(layer.kept, 16);
   * assert.ok(layer.error > 0 && layer.error < 1);
   * assert.ok(workbench.undo());
   * assert.equal(workbench.cost.macs.after, workbench.cost.macs.before);
   * await workbench.close();
   * ```
   */
  keep(pattern: string, share: number): WorkbenchAnswer {
    return this.#decisions.keep(pattern, share);
  }

  /**
   * Sets the counts from a ratio list.
   *
   * @param text The list: a ratio for every convolution, in the order of {@link layers}, with commas between them, and
   * `name=ratio` for Dense layers and the last convolution.
   * @param source Where the text comes from, for messages.
   * @returns All layers as they are now, and the cost of the network.
   * @throws {InputError} When it is no list for this network.
   *
   * @example Go on from the ratios of an earlier session
   * ```ts
   * import { Workbench } from "secateur";
   * import assert from "node:assert/strict";
   *
   * const model = "cli/example/resnet8-fashion-mnist";
   * const data = "cli/example/fashion-mnist";
   * const workbench = await Workbench.open({ model, data, batches: 1 });
   * workbench.load("1,1,1,0.5,1,1,0.5,1,0.25,1", "ratios.txt");
   * assert.equal(workbench.ratioList, "1,1,1,0.5,1,1,0.5,1,0.25,1");
   * assert.ok(!workbench.isSaved);
   * workbench.markSaved();
   * assert.ok(workbench.isSaved);
   * await workbench.close();
   * ```
   */
  load(text: string, source: string): WorkbenchAnswer {
    return this.#decisions.load(text, source);
  }

  /** Makes every layer whole. */
  reset(): void {
    this.#decisions.reset();
  }

  /**
   * Takes the last change back.
   *
   * @returns Whether there was such a change.
   */
  undo(): boolean {
    return this.#decisions.undo();
  }

  /**
   * Makes the change again that was taken back last.
   *
   * @returns Whether there was such a change.
   */
  redo(): boolean {
    return this.#decisions.redo();
  }

  /**
   * Keeps the counts that the budget policy of `prune` chooses for the multiply–accumulates. The first
   * call measures what errors cost.
   *
   * @param share Share of them that is kept, above 0 and at most 1.
   * @param run Interruption and progress.
   * @returns What the policy decided.
   * @throws {InputError} When the budget cannot be reached.
   *
   * @example Keep 70 % of the multiply–accumulates
   * ```ts
   * import { Workbench } from "secateur";
   * import assert from "node:assert/strict";
   *
   * const pixels = () => crypto.getRandomValues(new Uint8Array(28 * 28));
   * const images = Array.from({ length: 64 }, () => ({ data: pixels(), height: 28, width: 28 }));
   * const data = { classes: [..."0123456789"], train: { images, labels: new Uint8Array(64) } };
   *
   * const model = "cli/example/resnet8-fashion-mnist";
   * const workbench = await Workbench.open({ model, data, shared: "couple" });
   * const { share } = await workbench.fillBudget(0.7);
   * assert.ok(share.found <= 0.7);
   * const { before, after } = workbench.cost.macs;
   * assert.ok(after <= 0.7 * before);
   * await workbench.close();
   * ```
   */
  async fillBudget(share: number, run: WorkbenchRun = {}): Promise<BudgetReport> {
    const tell = abortableListener(run);
    const context: BudgetContext = {
      ...this.#context,
      onStage: (stage, done, total) => tell({ stage, done, total }),
    };
    const { units, networks } = this.#unitErrors;
    const { macs } = costModel(context.graph, context.map, units, networks.kept);
    this.#setup ??= await priceBudget(context, this.#unitErrors, "macs", macs);
    const { counts, report } = await solveBudget(context, this.#setup, { share });
    this.#decisions.setCounts(counts);
    return report;
  }

  /**
   * Measures the network as it stands, read off the statistics, with BatchNormalization estimated anew, as `auto` measures
   * what it tries; on training images that are not among those of the statistics, as far as there are any.
   *
   * @param images How many images. Default 2000.
   * @param run Interruption and progress.
   * @returns Its figures, and the original's on the same images.
   * @throws {InputError} When too many images cannot be read.
   * @throws {WorkerError} When a thread is lost.
   *
   * @example Measure on 200 images
   * ```ts
   * import { Workbench } from "secateur";
   * import assert from "node:assert/strict";
   *
   * const model = "cli/example/resnet8-fashion-mnist";
   * const data = "cli/example/fashion-mnist";
   * const workbench = await Workbench.open({ model, data, batches: 1 });
   * workbench.keep("all", 0.5);
   * const { before, after } = await workbench.evaluate(200);
   * assert.equal(after.images, 200);
   * assert.ok(after.accuracy! < before.accuracy!);
   * await workbench.close();
   * ```
   */
  async evaluate(
    images: number = WORKBENCH_DEFAULTS.images,
    run: WorkbenchRun = {},
  ): Promise<WorkbenchEvaluation> {
    const selection = heldOutImages(this.#context, images);
    const { counts, wholeCounts } = this.#decisions;
    const before = await this.#measure(wholeCounts, selection, run);
    return { before, after: await this.#measure(counts, selection, run) };
  }

  /**
   * Cuts and repairs the network as it stands: what `prune` does with {@link ratioList} and the same effort, which is
   * `standard` where none was given.
   *
   * @param run Interruption and progress.
   * @returns The smaller model and the figures of the run.
   * @throws {InputError} When too many images cannot be read.
   * @throws {WorkerError} When a thread is lost.
   *
   * @example Write the network as it stands
   * ```ts
   * import { saveModelFile, Workbench } from "secateur";
   * import assert from "node:assert/strict";
   *
   * const pixels = () => crypto.getRandomValues(new Uint8Array(28 * 28));
   * const images = Array.from({ length: 64 }, () => ({ data: pixels(), height: 28, width: 28 }));
   * const data = { classes: [..."0123456789"], train: { images, labels: new Uint8Array(64) } };
   *
   * const model = "cli/example/resnet8-fashion-mnist";
   * const workbench = await Workbench.open({ model, data });
   * workbench.keep("stage3_*", 0.5);
   * const { file, report } = await workbench.prune();
   * await workbench.close();
   * assert.ok(report.macs.after < report.macs.before);
   *
   * const folder = await Deno.makeTempDir();
   * await saveModelFile(`${folder}/resnet8-smaller`, file);
   * await Deno.remove(folder, { recursive: true });
   * ```
   */
  async prune(run: WorkbenchRun = {}): Promise<PruneResult> {
    const policy = { kind: "list", text: this.ratioList, source: "the workbench" } as const;
    const options = {
      ...this.#settings,
      policy,
      signal: run.signal,
      onProgress: abortableListener(run),
    };
    const moments = this.#context.original.share();
    return await pruneOpened(this.#session, options, new Stopwatch(), { moments });
  }

  /** Ends the threads; the workbench cannot be used afterwards. */
  async close(): Promise<void> {
    this.#context.original.release();
    await this.#session.close();
  }

  /** Measures the network of some counts, unless that is known already. */
  async #measure(
    counts: readonly number[],
    images: ImageSelection,
    run: WorkbenchRun,
  ): Promise<Figures> {
    const key = `${counts} on ${images.indices.length}`;
    const known = this.#evaluations.get(key);
    if (known) return known;
    const { graph, pool } = this.#context;
    const tell = abortableListener(run);
    const total = batchesOfThread({ pool }, images.indices.length, images.batchSize);
    let done = 0;
    const onBatch = () => tell({ stage: "evaluating", done: Math.min(done++, total), total });
    onBatch();
    const isWhole = counts.join() === this.#decisions.wholeCounts.join();
    const found = isWhole
      ? await measureNetwork(this.#context, graph, images, onBatch)
      : await measureAdapted(
        this.#context,
        this.#unitErrors.networks.cutTo(counts),
        images,
        onBatch,
      );
    this.#evaluations.set(key, found);
    return found;
  }
}

type Settings = WorkbenchOptions & typeof WORKBENCH_DEFAULTS;
