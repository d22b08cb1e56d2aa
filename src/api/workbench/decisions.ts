import { type CostModel, costModel, sumTerms } from "../../cost/mod.ts";
import { InputError } from "../../base/mod.ts";
import type { ChannelMap, CutMode, LayerGraph, ReaderPlace } from "../../graph/mod.ts";
import {
  type ChosenRatios,
  formatRatioList,
  type LayerPlan,
  parseRatioList,
  planLayers,
  type PlanRules,
  ratiosOfCounts,
  type UnitErrors,
} from "../../pruning/mod.ts";
import type { Change } from "../../session/mod.ts";
import { findLayers } from "./find_layers.ts";
import { History } from "./history.ts";

/** One convolution or Dense layer as it stands. */
export interface WorkbenchLayer {
  /** Its place in the ratio list; absent for Dense layers. */
  readonly place?: number;
  /** Its name. */
  readonly name: string;
  /** How its input channels can be cut. */
  readonly mode: CutMode;
  /** Number of input channels that it keeps. */
  readonly kept: number;
  /** Number of input channels that it has. */
  readonly of: number;
  /** Names of other layers that keep the same channels. */
  readonly together: readonly string[];
  /**
   * The share of its output Y that is lost, Σ(Y − Ŷ)² / Σ(Y − mean Y)² after reconstruction, as if all other layers
   * were whole; where several layers keep the same channels, the mean over them.
   */
  readonly error: number;
  /** Its multiply–accumulates for one image, those of its selector included. */
  readonly macs: number;
  /** Why it stays whole. */
  readonly reason?: string;
}

/** What the network costs for one image, before any cut and now. */
export interface WorkbenchCost {
  /** Multiply–accumulates. */
  readonly macs: Change;
  /** Of these, those of all but Dense layers. */
  readonly convMacs: Change;
}

/** The outcome of a change. */
export interface WorkbenchAnswer {
  /** The layers in question, in graph order. */
  readonly layers: readonly WorkbenchLayer[];
  /** The cost of the network after it. */
  readonly cost: WorkbenchCost;
}

/** What is decided about, and what the statistics tell of it. */
export interface DecisionSubject {
  /** The network. */
  readonly graph: LayerGraph;
  /** Its channel spaces. */
  readonly map: ChannelMap;
  /** Its convolutions and Dense layers. */
  readonly places: readonly ReaderPlace[];
  /** The decisions, with the error of every count that `rules` allow. */
  readonly unitErrors: UnitErrors;
  /** Rules for all layers. */
  readonly rules: PlanRules;
}

/** How many channels the layers of a network keep, decided by hand; every change can be taken back. */
export class Decisions {
  readonly #subject: DecisionSubject;
  readonly #costs: CostModel;
  readonly #history: History<readonly number[]>;
  #saved: readonly number[];

  /** @param subject What is decided about; all is whole at first. */
  constructor(subject: DecisionSubject) {
    const { graph, map, unitErrors: { units, networks } } = subject;
    this.#subject = subject;
    this.#costs = costModel(graph, map, units, networks.kept);
    this.#saved = this.wholeCounts;
    this.#history = new History(this.#saved);
  }

  /** Channels that every decision keeps: one for each layer, or for all those that keep the same channels. */
  get counts(): readonly number[] {
    return this.#history.current;
  }

  /** The same where nothing is cut. */
  get wholeCounts(): readonly number[] {
    return this.#subject.unitErrors.units.map(({ channels }) => channels);
  }

  /** The convolutions and Dense layers as they stand, in graph order. */
  get layers(): readonly WorkbenchLayer[] {
    return this.#describe(this.#plan(this.#chosen(this.counts)));
  }

  /** What the network costs. */
  get cost(): WorkbenchCost {
    const changeOf = (terms: CostModel["macs"]) => ({
      before: sumTerms(terms, this.wholeCounts),
      after: sumTerms(terms, this.counts),
    });
    const { macs, convMacs } = this.#costs;
    return { macs: changeOf(macs), convMacs: changeOf(convMacs) };
  }

  /** The ratio list that `prune` makes the same cuts by. */
  get ratioList(): string {
    return formatRatioList(this.#subject.places, this.#chosen(this.counts));
  }

  /** Whether the counts are those of the last {@link markSaved}, or of the whole network if there was none. */
  get isSaved(): boolean {
    return this.#saved.join() === this.counts.join();
  }

  /** Notes that the counts as they stand are kept somewhere. */
  markSaved(): void {
    this.#saved = this.counts;
  }

  /**
   * Keeps a share of the input channels of the layers that {@link findLayers} finds.
   *
   * @throws {InputError} When there is none that can be cut, or the share is out of range.
   */
  keep(pattern: string, share: number): WorkbenchAnswer {
    if (!(share > 0 && share <= 1)) {
      throw new InputError(
        `keeping a share of ${pattern}: found ${share}, wanted a number above 0 and at most 1; give such a share`,
      );
    }
    const names = findLayers(pattern, this.#subject.places.map(({ key }) => key));
    const units = this.#subject.unitErrors.units.filter(({ readers }) =>
      readers.some((name) => names.includes(name))
    );
    if (units.length === 0) throw this.#refusal(names);
    const touched = units.flatMap(({ readers }) => readers);
    const wanted = this.#subject.unitErrors.units.map((unit, index) =>
      units.includes(unit) ? share * unit.channels : this.counts[index]
    );
    const layers = this.#enter(this.#chosen(wanted));
    return { layers: layers.filter(({ name }) => touched.includes(name)), cost: this.cost };
  }

  /**
   * Keeps what a ratio list says.
   *
   * @throws {InputError} When it is no list for this network.
   */
  load(text: string, source: string): WorkbenchAnswer {
    return {
      layers: this.#enter(parseRatioList(text, source, this.#subject.places)),
      cost: this.cost,
    };
  }

  /**
   * Keeps certain counts.
   *
   * @param counts A count for every decision, allowed by the rules.
   */
  setCounts(counts: readonly number[]): void {
    if (counts.join() !== this.counts.join()) this.#history.enter(counts);
  }

  /** Makes every layer whole. */
  reset(): void {
    this.setCounts(this.wholeCounts);
  }

  /** Takes the last change back, if there was one. */
  undo(): boolean {
    return this.#history.undo();
  }

  /** Makes the change that was taken back last once more, if there was one. */
  redo(): boolean {
    return this.#history.redo();
  }

  /** What is asked of the layers and spaces when the units keep so many channels. */
  #chosen(counts: readonly number[]): ReturnType<typeof ratiosOfCounts> {
    return ratiosOfCounts(this.#subject.places, this.#subject.unitErrors.units, counts);
  }

  #plan(chosen: ChosenRatios): LayerPlan[] {
    const { graph, map, places, rules } = this.#subject;
    return planLayers(graph, map, places, chosen, rules);
  }

  /** Enters what `prune` would do by what is chosen; gives the layers, with reasons against what was asked for. */
  #enter(chosen: ChosenRatios): readonly WorkbenchLayer[] {
    const plans = this.#plan(chosen);
    this.setCounts(this.#countsOf(plans));
    return this.#describe(plans);
  }

  #countsOf(plans: readonly LayerPlan[]): number[] {
    const planOf = new Map(plans.map((plan) => [plan.node.key, plan]));
    return this.#subject.unitErrors.units.map(({ readers: [first], space, channels }) => {
      const { keep, cuts = [] } = planOf.get(first)!;
      if (space === undefined) return keep;
      return cuts.find((cut) => cut.space === space)?.keep ?? channels;
    });
  }

  #describe(plans: readonly LayerPlan[]): readonly WorkbenchLayer[] {
    const { units, unpriced } = this.#subject.unitErrors;
    const counts = this.#countsOf(plans);
    return this.#subject.places.map(({ key, place, channels, reason }) => {
      const plan = plans.find(({ node }) => node.key === key)!;
      const own = [...units.keys()].filter((index) => units[index].readers.includes(key));
      const together = new Set(own.flatMap((index) => units[index].readers));
      together.delete(key);
      const layer: WorkbenchLayer = {
        ...(place !== undefined && { place }),
        name: key,
        kept: plan.keep,
        of: channels,
        mode: own.length > 0 ? units[own[0]].mode : "whole",
        together: [...together],
        error: own.reduce((sum, index) => sum + errorAt(unpriced[index], counts[index]), 0),
        macs: sumTerms(this.#costs.layerMacs.get(key) ?? [], counts),
      };
      const why = plan.reason ?? reason;
      return why === undefined ? layer : { ...layer, reason: why };
    });
  }

  #refusal(names: readonly string[]): InputError {
    const { key, reason } = this.#subject.places.find(({ key }) => key === names[0])!;
    const others = names.length > 1 ? `, and so do ${names.length - 1} more` : "";
    return new InputError(
      `keeping a share of ${key}: it stays whole${others}, since ${
        reason ?? "a layer that stays whole reads the same channels"
      }; choose another`,
    );
  }
}

/** What the layers that read a decision's channels lose at a count, on average. */
function errorAt(
  { counts, errors, readers }: UnitErrors["unpriced"][number],
  count: number,
): number {
  return errors[Array.from(counts).indexOf(count)] / readers;
}
