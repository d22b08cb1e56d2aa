import type { FrameOutput, ModelTail, TailInput, TailNode, Weight } from "../../model/mod.ts";
import { isJsonObject, type JsonObject } from "../../model/mod.ts";
import type { Graph, GraphNode, NodeOutput } from "./graph_def.ts";
import type { GraphValues } from "./graph_values.ts";
import type { Feature, Value } from "./values.ts";

/** Operations that pruning is about. */
const CONVOLUTION = /^(_FusedConv2D|Conv2D|Conv2DBackpropInput|(Fused)?DepthwiseConv2dNative)$/;

/** What a graph gives when its tail is left out. */
export interface SeparatedTail {
  /** Layers whose tensors are outputs, or go into the tail. */
  readonly layers: readonly string[];
  readonly outputs: readonly FrameOutput[];
  readonly tail?: ModelTail;
}

/** What the tail is taken from. */
export interface TailSource {
  readonly graph: Graph;
  readonly values: GraphValues;
  readonly weights: ReadonlyMap<string, Weight>;
}

/**
 * Takes the nodes that are no layers, and all behind them, out of a graph as its tail.
 *
 * @param source The graph and what is known of its tensors.
 * @returns The outputs and the tail; undefined where it would hold all convolutions.
 */
export function separateTail(source: TailSource): SeparatedTail | undefined {
  return new TailSeparation(source).separate();
}

class TailSeparation {
  readonly #source: TailSource;
  readonly #kept = new Map<string, GraphNode>();
  readonly #inputs = new Map<string, TailInput>();
  readonly #layers: string[] = [];

  constructor(source: TailSource) {
    this.#source = source;
  }

  separate(): SeparatedTail | undefined {
    const { graph, weights } = this.#source;
    const outputs = graph.outputs.map((tensor, index): FrameOutput => {
      const place = this.#visit([tensor])[0];
      const key = graph.outputKeys[index] ?? tensor.node;
      return { key, name: nameOf(tensor), ...(place !== undefined && { place }) };
    });
    if (this.#kept.size === 0) return { layers: this.#layers, outputs };
    const convolutions = (some: Iterable<GraphNode>) =>
      [...some].filter(({ operator }) => CONVOLUTION.test(operator)).length;
    const behind = convolutions(this.#kept.values());
    if (convolutions(graph.nodes.values()) === behind) return undefined;
    const library = this.#needsLibrary() ? graph.library : undefined;
    const constants = [
      ...[...this.#kept.values()].filter(({ operator }) => operator === "Const"),
    ].map(({ name }) => name);
    const held = [...constants, ...constantsOf(library)].flatMap((name) => {
      const weight = weights.get(name);
      return weight ? [[name, weight] as const] : [];
    });
    const tail: ModelTail = {
      nodes: [...this.#kept.values()].map((node) => this.#describe(node)),
      weights: new Map(held),
      inputs: [...this.#inputs.values()],
      ...(library && { library }),
    };
    return { layers: this.#layers, outputs, tail };
  }

  /** Goes up from tensors to what layers make. Gives the places of those that are. */
  #visit(tensors: readonly NodeOutput[]): (number | undefined)[] {
    const places = tensors.map((tensor) => this.#placeOf(tensor));
    const waiting = tensors.filter((_, index) => places[index] === undefined)
      .map(({ node }) => node);
    for (let name = waiting.pop(); name !== undefined; name = waiting.pop()) {
      if (this.#kept.has(name)) continue;
      const node = this.#source.graph.nodes.get(name)!;
      this.#kept.set(name, node);
      for (const tensor of node.inputs) {
        const place = this.#placeOf(tensor);
        if (place === undefined) {
          waiting.push(tensor.node);
          continue;
        }
        const key = nameOf(tensor);
        const { isInteger, type } = this.#source.values.find(tensor) as Feature;
        const kind = type ? TYPE_NAMES[type] : isInteger ? "DT_INT32" : "DT_FLOAT";
        this.#inputs.set(key, { name: key, place, type: kind });
      }
    }
    return places;
  }

  /** Which output of the layers a tensor is; undefined for one that the tail has to make. */
  #placeOf(tensor: NodeOutput): number | undefined {
    const value = this.#source.values.find(tensor);
    if (!isOfLayers(value)) return undefined;
    const place = this.#layers.indexOf(value.layer);
    return place >= 0 ? place : this.#layers.push(value.layer) - 1;
  }

  #needsLibrary(): boolean {
    return [...this.#kept.values()].some(({ attributes }) =>
      Object.values(attributes).some((attribute) => isJsonObject(attribute) && "func" in attribute)
    );
  }

  #describe({ name, operator, inputs, controls, attributes }: GraphNode): TailNode {
    const orders = controls.filter((control) => this.#kept.has(control));
    const read = [...inputs.map(nameOf), ...orders.map((control) => `^${control}`)];
    return { name, operator, inputs: read, attributes };
  }
}

const TYPE_NAMES = { float32: "DT_FLOAT", int32: "DT_INT32", bool: "DT_BOOL" } as const;

/** Outputs of layers are floats with a batch: what makes others is taken into the tail. */
function isOfLayers(value: Value | undefined): value is Feature {
  return value?.kind === "feature" && value.type === undefined && !value.isSingle;
}

/** Constants in functions. */
function constantsOf(library: JsonObject | undefined): string[] {
  const functions = Array.isArray(library?.function) ? library.function as JsonObject[] : [];
  return functions.flatMap(({ nodeDef }) =>
    Array.isArray(nodeDef)
      ? nodeDef.filter(({ op }) => op === "Const").map(({ name }) => String(name))
      : []
  );
}

/** Name of a tensor: the node's, with a colon and the number behind it for its further outputs. */
export function nameOf({ node, index }: NodeOutput): string {
  return index === 0 ? node : `${node}:${index}`;
}
