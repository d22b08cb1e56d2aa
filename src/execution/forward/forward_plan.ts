import * as tf from "@tensorflow/tfjs";
import { forwardSeconds, layerCost } from "../../cost/mod.ts";
import {
  foldableChains,
  isChannelNorm,
  isImageNorm,
  isLinearMap,
  type LayerGraph,
  type LayerNode,
  mergeChain,
  type Network,
  nodeKeyOf,
  outputBytes,
} from "../../graph/mod.ts";
import { releaseWeights, type Weight } from "../../model/mod.ts";
import { convolutionOperation, transposedOperation } from "./convolution_steps.ts";
import {
  type BatchStatistics,
  batchStatisticsOperation,
  denseOperation,
  layerOperation,
  type Operation,
} from "./steps.ts";

/** One step of a forward pass: a chain of layers that run as one operation. */
export interface ForwardStep {
  /** The layers, the first reads the inputs, the last makes the output. */
  nodes: LayerNode[];
  /** Tensors read. */
  readonly inputs: readonly string[];
  /** Key of the tensor made (of the last layer). */
  readonly output: string;
  /** What runs; absent for an input layer. */
  operation: Operation | undefined;
}

/** A batch on its way through the network. */
export interface Activations {
  /** Live tensors by name. */
  readonly tensors: Map<string, tf.Tensor>;
  /** Index of the step that runs next. */
  next: number;
}

const FLOAT_BYTES = 4;

/** Seconds for a byte that is written to a file and read again. */
const FILE_BYTE_TIME = 2e-9;

/** How a plan treats BatchNormalization. */
export interface ForwardOptions {
  /** Normalize with the batch's own statistics and report them; nothing is folded then. */
  readonly batchStatistics?: BatchStatistics;
  /** Whether weights of the model that the plan does not need are freed, before it makes its own. Default false. */
  readonly releasesModel?: boolean;
}

/**
 * A network laid out as steps that a batch can be moved along, any distance at a time.
 *
 * For inference BatchNormalization and activations are folded into the layer in front of them ({@link foldableChains}); a
 * BatchNormalization that stands alone becomes a 1×1 depthwise convolution, which on the WASM backend is several times as
 * fast (figures: bench/results/forward.md). Every call of a layer is a layer of its own here, so that it is folded with what
 * stands around it. Tensors are disposed as soon as no later step reads them.
 */
export class ForwardPlan {
  /** The steps, in graph order. */
  readonly steps: readonly ForwardStep[];
  readonly #stepOfNode = new Map<string, number>();
  readonly #lastUse = new Map<string, number>();
  readonly #live: readonly (readonly string[])[];
  readonly #graph: LayerGraph;

  /**
   * Lays out a network.
   *
   * @param graph The network and its weights.
   * @param model The same network in TensorFlow.js, which runs the layers that need no folding.
   * @param options How BatchNormalization is treated, and whether the model is needed afterwards.
   */
  constructor(graph: LayerGraph, model: tf.LayersModel, options: ForwardOptions = {}) {
    const nodes = graph.nodes.map((node) => node.calls > 1 ? { ...node, calls: 1 } : node);
    this.#graph = { ...graph, nodes };
    if (options.releasesModel) releaseUnusedWeights({ graph: this.#graph, model }, options);
    this.steps = chainsOf(this.#graph, options).map((nodes) => ({
      nodes,
      inputs: nodes[0].inputs,
      output: nodes.at(-1)!.key,
      operation: this.#makeOperation(nodes, model, options),
    }));
    this.steps.forEach((step, index) => {
      for (const node of step.nodes) this.#stepOfNode.set(node.key, index);
      for (const tensor of step.inputs) this.#lastUse.set(tensor, index);
    });
    for (const tensor of graph.outputs) this.#lastUse.set(tensor, Infinity);
    this.#live = this.#findLive();
  }

  #makeOperation(
    chain: LayerNode[],
    model: tf.LayersModel,
    { batchStatistics }: ForwardOptions,
  ): Operation | undefined {
    const [node] = chain;
    if (node.className === "InputLayer") return undefined;
    if (batchStatistics && isChannelNorm(node)) {
      return batchStatisticsOperation(node, batchStatistics);
    }
    const operation = kernelOperation(mergeChain(chain));
    if (operation !== undefined) return operation;
    return layerOperation(model.getLayer(node.name));
  }

  /** For every step, and behind the last one, the tensors made before that a later step or the world reads. */
  #findLive(): string[][] {
    const made = [...this.#graph.inputs];
    const live = this.steps.map(({ operation, output }, index) => {
      const names = made.filter((name) => this.#lastUse.get(name)! >= index);
      if (operation !== undefined) {
        made.push(...[...this.#lastUse.keys()].filter((name) => nodeKeyOf(name) === output));
      }
      return names;
    });
    return [...live, made.filter((name) => this.#lastUse.get(name)! >= this.steps.length)];
  }

  /** Index of the step that runs a layer. */
  stepOf(key: string): number {
    return this.#stepOfNode.get(key)!;
  }

  /** Puts a batch, a tensor for every input, which the plan owns from now on, before the first step. */
  start(inputs: readonly tf.Tensor[]): Activations {
    const named = this.#graph.inputs.map((name, index) => [name, inputs[index]] as const);
    return { tensors: new Map(named), next: 0 };
  }

  /**
   * Moves a batch forward.
   *
   * @param activations The batch; tensors that no later step reads are disposed.
   * @param until Index of the first step that is not run.
   */
  advance(activations: Activations, until: number): void {
    const { tensors } = activations;
    for (; activations.next < until; activations.next++) {
      const step = this.steps[activations.next];
      if (step.operation === undefined) continue;
      const operation = step.operation;
      const outputs = tf.tidy(() => operation.run(step.inputs.map((name) => tensors.get(name)!)));
      outputs.forEach((tensor, index) => {
        const name = index === 0 ? step.output : `${step.output}#${index}`;
        if (this.#lastUse.has(name)) tensors.set(name, tensor);
        else tensor.dispose();
      });
      this.#disposeUnused(tensors, activations.next);
    }
  }

  /** Names of the tensors that are live before a step. */
  liveBefore(index: number): readonly string[] {
    return this.#live[index];
  }

  /** Names of the tensors that steps read, from one to before another. */
  readBetween(from: number, until: number): string[] {
    return this.steps.slice(from, until).flatMap(({ inputs }) => inputs);
  }

  /**
   * The earlier step from which a batch could go on with the least memory: all that is live before it is still there.
   *
   * @param activations The batch.
   * @returns The step, which is the batch's next one when going back gains nothing, and the elements to be kept for it.
   */
  smallestRestart({ tensors, next }: Activations): { step: number; elements: number } {
    let best = { step: next, elements: Infinity };
    for (let step = next; step >= 0; step--) {
      const live = this.#live[step];
      if (!live.every((name) => tensors.has(name))) continue;
      const elements = live.reduce((sum, name) => sum + tensors.get(name)!.size, 0);
      if (elements < best.elements) best = { step, elements };
    }
    return best;
  }

  /**
   * The earlier step from which a batch that waits in a file goes on soonest: what is not there yet is written and read again,
   * and what lies between is computed again.
   *
   * @param activations The batch.
   * @param images How many images it has.
   * @param inFile Names of its tensors that are there.
   * @returns The step, before which all that is live is on the heap or in the file.
   */
  quickestRestart(
    { tensors, next }: Activations,
    images: number,
    inFile: ReadonlySet<string>,
  ): number {
    let best = { step: next, seconds: Infinity };
    let again = 0;
    for (let step = next; step >= 0 && again < best.seconds; step--) {
      if (step < next) again += images * secondsOf(this.steps[step]);
      const unwritten = this.#live[step].filter((name) => !inFile.has(name));
      if (!unwritten.every((name) => tensors.has(name))) continue;
      const elements = unwritten.reduce((sum, name) => sum + tensors.get(name)!.size, 0);
      const seconds = again + elements * FLOAT_BYTES * FILE_BYTE_TIME;
      if (seconds < best.seconds) best = { step, seconds };
    }
    return best.step;
  }

  /**
   * Moves a batch back, to be moved forward again later.
   *
   * @param activations The batch; tensors that are not live before the step are disposed.
   * @param step A step that {@link smallestRestart} gave.
   */
  rewind(activations: Activations, step: number): void {
    const live = new Set(this.#live[step]);
    for (const [name, tensor] of activations.tensors) {
      if (live.has(name)) continue;
      tensor.dispose();
      activations.tensors.delete(name);
    }
    activations.next = step;
  }

  /**
   * Runs a whole batch.
   *
   * @param inputs What the inputs read; disposed.
   * @returns The model's outputs in order.
   */
  predict(inputs: readonly tf.Tensor[]): tf.Tensor[] {
    return this.finish(this.start(inputs));
  }

  /**
   * Runs the rest of the steps over a batch.
   *
   * @param activations The batch; disposed.
   * @returns The model's outputs in order.
   */
  finish(activations: Activations): tf.Tensor[] {
    this.advance(activations, this.steps.length);
    const outputs = this.#graph.outputs.map((name) => activations.tensors.get(name)!);
    for (const tensor of activations.tensors.values()) {
      if (!outputs.includes(tensor)) tensor.dispose();
    }
    return outputs;
  }

  /**
   * Replaces the weights of a convolution or Dense layer, at all its calls.
   *
   * @param name The layer.
   * @param weights Its new weights by role.
   */
  setWeights(name: string, weights: Map<string, Weight>): void {
    for (const step of this.steps) {
      if (!step.nodes.some((node) => node.name === name)) continue;
      step.nodes = step.nodes.map((node) => node.name === name ? { ...node, weights } : node);
      step.operation!.dispose();
      step.operation = kernelOperation(mergeChain(step.nodes));
    }
  }

  /** Frees the weights of all steps. */
  dispose(): void {
    for (const step of this.steps) step.operation?.dispose();
  }

  #disposeUnused(tensors: Map<string, tf.Tensor>, index: number): void {
    for (const name of new Set(this.steps[index].inputs)) {
      if (this.#lastUse.get(name) !== index) continue;
      tensors.get(name)!.dispose();
      tensors.delete(name);
    }
  }
}

/** What a step takes for one image, about. */
function secondsOf({ nodes, operation }: ForwardStep): number {
  if (operation === undefined) return 0;
  const macs = nodes.reduce((sum, node) => sum + layerCost(node).macs, 0);
  return forwardSeconds(macs, outputBytes(nodes.at(-1)!));
}

/** The layers of a network as they run, each with those that are folded into it. */
function chainsOf(graph: LayerGraph, { batchStatistics }: ForwardOptions): LayerNode[][] {
  return batchStatistics ? graph.nodes.map((node) => [node]) : foldableChains(graph);
}

/**
 * Frees the weights of a network's model that a plan does not need. Calling it again does nothing.
 *
 * @param network The network.
 * @param options How the plan treats BatchNormalization.
 */
export function releaseUnusedWeights(
  { graph, model }: Network,
  options: ForwardOptions = {},
): void {
  const needed = chainsOf(graph, options).filter((nodes) => runsInModel(nodes, options));
  releaseWeights(model, new Set(needed.map(([{ name }]) => name)));
}

/** Whether the model runs a chain of layers, rather than the plan with weights of its own. */
function runsInModel([node]: readonly LayerNode[], { batchStatistics }: ForwardOptions): boolean {
  if (batchStatistics && isChannelNorm(node)) return false;
  return !isImageNorm(node) && kernelKind(node) === undefined;
}

/** How a layer with a kernel is run; undefined where TensorFlow.js has to, or refuses. */
function kernelKind(node: LayerNode): ((node: LayerNode) => Operation) | undefined {
  if (node.className === "Dense") return denseOperation;
  if (isLinearMap(node)) return convolutionOperation;
  const isTransposed = node.className === "Conv2DTranspose" &&
    node.config.data_format !== "channels_first";
  return isTransposed ? transposedOperation : undefined;
}

function kernelOperation(node: LayerNode): Operation | undefined {
  return kernelKind(node)?.(node);
}
