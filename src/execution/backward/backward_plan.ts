import * as tf from "@tensorflow/tfjs";
import {
  batchNormAffine,
  isChannelNorm,
  type LayerNode,
  type Network,
  nodeKeyOf,
  outputBytes,
} from "../../graph/mod.ts";
import { type Activations, ForwardPlan, type ForwardStep } from "../forward/forward_plan.ts";
import { activationGradient, layerGradients } from "./step_gradients.ts";

/** What a backward pass tells of a layer with a kernel. */
export interface LayerGradient {
  /** The layer. */
  readonly node: LayerNode;
  /** What it reads. */
  readonly input: tf.Tensor;
  /** Gradients with respect to its outputs, before its own activation and all that follows; one a probe. */
  readonly gradients: readonly tf.Tensor[];
}

/** Tensors by name. */
type Tensors = Map<string, tf.Tensor>;

/**
 * Runs a network at inference forward and backward, and shows the gradients with respect to the outputs of layers.
 *
 * Backward it needs what each step has read and made. Where these take more than `memoryBudget`, only what is live between
 * runs of steps is kept, and each run is repeated before its gradients are computed (Griewank and Walther 2000,
 * "Algorithm 799: revolve", with one level).
 */
export class BackwardPlan {
  readonly #plan: ForwardPlan;
  readonly #outputs: readonly string[];
  /** Steps that lead from a layer that is shown to an output. */
  readonly #needed: readonly boolean[];
  readonly #shown: ReadonlySet<string>;
  readonly #producers: ReadonlyMap<string, number>;
  readonly #unknown = new Set<string>();
  /** Outputs of steps that have no derivative. */
  readonly #opaque = new Set<string>();
  readonly #memoryBudget: number;

  /**
   * @param network The network; of its model the weights that the plan has are freed.
   * @param layers Keys of the layers whose gradients are shown.
   * @param memoryBudget Bytes of activations that are kept.
   */
  constructor({ graph, model }: Network, layers: readonly string[], memoryBudget: number) {
    this.#plan = new ForwardPlan(graph, model, { releasesModel: true });
    this.#outputs = graph.outputs;
    this.#shown = new Set(layers);
    this.#memoryBudget = memoryBudget;
    const producers = new Map<string, number>();
    const needed: boolean[] = [];
    this.#plan.steps.forEach(({ nodes, inputs, output }, index) => {
      producers.set(output, index);
      needed.push(
        this.#shown.has(nodes[0].key) ||
          inputs.some((name) => needed[producers.get(nodeKeyOf(name))!]),
      );
    });
    this.#producers = producers;
    this.#needed = needed;
  }

  /** Keys of layers whose gradients are not known in full: a layer behind them has no derivative. */
  get unknown(): ReadonlySet<string> {
    return this.#unknown;
  }

  /**
   * Runs a batch forward and backward.
   *
   * @param inputs What the inputs read; disposed.
   * @param probe Gives the gradients at the outputs, of each probe; called within `tf.tidy`.
   * @param show Called for every layer that was asked for, the last one first, within `tf.tidy`.
   */
  run(inputs: readonly tf.Tensor[], probe: Probe, show: (layer: LayerGradient) => void): void {
    const bounds = this.#partSteps(inputs[0].shape[0]);
    const starts: Activations[] = [this.#plan.start(inputs)];
    let values: Tensors = new Map();
    for (const [part, bound] of bounds.entries()) {
      disposeAll(values);
      values = this.#advance(starts[part], bound);
      const live = this.#plan.liveBefore(bound).map((name) => [name, values.get(name)!] as const);
      starts.push({ tensors: cloneAll(new Map(live)), next: bound });
    }
    const end = starts.pop()!;
    const gradients = this.#startGradients(end.tensors, probe);
    disposeAll(end.tensors);
    for (let part = bounds.length - 1; part >= 0; part--) {
      const start = starts[part];
      if (part < bounds.length - 1) values = this.#advance(start, bounds[part]);
      for (let step = bounds[part] - 1; step >= start.next; step--) {
        this.#goBack(this.#plan.steps[step], values, gradients, show);
      }
      disposeAll(values);
      disposeAll(start.tensors);
    }
    gradients.forEach(disposeAll);
  }

  /** Frees the weights. */
  dispose(): void {
    this.#plan.dispose();
  }

  /** Runs steps from where a batch waits, and keeps all that they read and make. */
  #advance({ tensors, next }: Activations, until: number): Tensors {
    const activations = { tensors: cloneAll(tensors), next };
    const values = cloneAll(tensors);
    while (activations.next < until) {
      this.#plan.advance(activations, activations.next + 1);
      for (const [name, tensor] of activations.tensors) {
        if (!values.has(name)) values.set(name, tensor.clone());
      }
    }
    disposeAll(activations.tensors);
    return values;
  }

  #startGradients(tensors: Tensors, probe: Probe): Tensors[] {
    const probes = tf.tidy(() => probe(this.#outputs.map((name) => tensors.get(name)!)));
    return probes.map((seeds) => {
      const gradients: Tensors = new Map();
      this.#outputs.forEach((name, index) => addGradient(gradients, name, seeds[index]));
      return gradients;
    });
  }

  /** Ends of the runs of steps: as few as memory allows. */
  #partSteps(images: number): number[] {
    const { steps } = this.#plan;
    const bytes = steps.map(({ nodes }) => images * outputBytes(nodes.at(-1)!));
    const bounds: number[] = [];
    let room = this.#memoryBudget;
    steps.forEach((_, index) => {
      if (bytes[index] > room && index > (bounds.at(-1) ?? 0)) {
        bounds.push(index);
        room = this.#memoryBudget;
      }
      room -= bytes[index];
    });
    return [...bounds, steps.length];
  }

  /** Moves the gradients of all probes from what a step has made to what it has read. */
  #goBack(
    step: ForwardStep,
    values: Tensors,
    gradients: readonly Tensors[],
    show: (layer: LayerGradient) => void,
  ): void {
    const own = gradients.map((tensors) => takeGradients(tensors, step.output));
    if (this.#needed[this.#producers.get(step.output)!] && own[0].size > 0) {
      const found = tf.tidy(() => this.#gradientsOf(step, values, own, show));
      found.forEach((ofProbe, index) => {
        step.inputs.forEach((name, input) => {
          if (ofProbe[input]) addGradient(gradients[index], name, ofProbe[input]);
        });
      });
    }
    own.forEach(disposeAll);
  }

  /** By probe, the gradients with respect to what a step has read; undefined for what leads to no layer that is shown. */
  #gradientsOf(
    step: ForwardStep,
    values: Tensors,
    gradients: readonly Tensors[],
    show: (layer: LayerGradient) => void,
  ): (tf.Tensor | undefined)[][] {
    const { nodes: [node, ...behind], output, operation } = step;
    const inputs = step.inputs.map((name) => values.get(name)!);
    const isWanted = step.inputs.map((name) => this.#needed[this.#producers.get(nodeKeyOf(name))!]);
    const product = operation!.product;
    if (product === undefined || this.#opaque.has(output)) {
      return this.#throughLayer(
        step,
        isWanted,
        () => gradients.map((own) => layerGradients(operation!, inputs, own, isWanted, output)),
      );
    }
    const [input] = inputs;
    const before = gradients.map((own) =>
      activationGradient(product, {
        input,
        output: values.get(output)!,
        gradient: own.get(output)!,
      })
    );
    if (this.#shown.has(node.key)) {
      const scale = scaleOf(behind);
      const scaled = scale ? before.map((gradient) => gradient.mul(scale)) : before;
      show({ node, input, gradients: scaled });
    }
    return before.map((gradient) => [isWanted[0] ? product.backward(input, gradient) : undefined]);
  }

  /** What lies in front of a layer without a derivative is marked; the layer is not tried again. */
  #throughLayer(
    { inputs, output }: ForwardStep,
    isWanted: readonly boolean[],
    compute: () => (tf.Tensor | undefined)[][],
  ): (tf.Tensor | undefined)[][] {
    if (this.#opaque.has(output) || !isWanted.includes(true)) return [];
    try {
      return compute();
    } catch {
      this.#opaque.add(output);
      this.#markUnknown(inputs);
      return [];
    }
  }

  #markUnknown(inputs: readonly string[]): void {
    for (const name of inputs) {
      const step = this.#plan.steps[this.#producers.get(nodeKeyOf(name))!];
      if (this.#unknown.has(step.nodes[0].key)) continue;
      this.#unknown.add(step.nodes[0].key);
      this.#markUnknown(step.inputs);
    }
  }
}

/**
 * Gives gradients at the outputs.
 *
 * @param outputs What the network has made.
 * @returns By probe, a gradient for every output.
 */
export type Probe = (outputs: readonly tf.Tensor[]) => tf.Tensor[][];

/** What the BatchNormalizations of a chain multiply each channel by; undefined where there is none. */
function scaleOf(behind: readonly LayerNode[]): tf.Tensor1D | undefined {
  const scales = behind.filter(isChannelNorm).map((node) => batchNormAffine(node).scale);
  if (scales.length === 0) return undefined;
  return tf.tensor1d(scales.reduce((all, scale) => all.map((value, c) => value * scale[c])));
}

/** Takes the gradients of all that a step has made out of the others. */
function takeGradients(gradients: Tensors, output: string): Tensors {
  const own = [...gradients].filter(([name]) => nodeKeyOf(name) === output);
  for (const [name] of own) gradients.delete(name);
  return new Map(own);
}

function disposeAll(tensors: Tensors): void {
  tf.dispose([...tensors.values()]);
}

function cloneAll(tensors: Tensors): Tensors {
  return new Map([...tensors].map(([name, tensor]) => [name, tensor.clone()]));
}

/** Adds to the gradient of a tensor, which owns what it is given. */
function addGradient(gradients: Tensors, name: string, gradient: tf.Tensor): void {
  const before = gradients.get(name);
  gradients.set(name, before ? before.add(gradient) : gradient);
  if (before) tf.dispose([before, gradient]);
}
