import type { TailInput } from "../../model/mod.ts";

/** A graph whose nodes are not all layers. */
export interface TailGraph<Tensor, Node> {
  /** Name of a tensor, by which two are the same. */
  nameOf(tensor: Tensor): string;
  /** What makes a tensor; undefined for one that is given. */
  makerOf(tensor: Tensor): Node | undefined;
  /** What a node reads. */
  inputsOf(node: Node): Iterable<Tensor>;
  /** The layer whose tensor one is, and how it lies in the file; undefined for one that no layer makes. */
  findLayer(tensor: Tensor): FoundLayer | undefined;
}

/** A layer that a tensor of the file is made by. */
export interface FoundLayer {
  /** Its name. */
  readonly layer: string;
  /** How the tensor lies in the file. */
  readonly form: TailInput["form"];
}

/** The part of a graph that is no layers. */
export interface FoundTail<Tensor, Node> {
  /** Its nodes. */
  readonly nodes: ReadonlySet<Node>;
  /** What it reads that is given, such as inputs of the graph and constants, by name. */
  readonly given: ReadonlyMap<string, Tensor>;
  /** What it reads of the layers. */
  readonly inputs: readonly TailInput[];
  /** For every output of the graph which output of the layers it is; undefined where that is none. */
  readonly places: readonly (number | undefined)[];
  /** How outputs lie in the file that are outputs of the layers. */
  readonly forms: readonly (TailInput["form"] | undefined)[];
  /** Layers whose tensors are outputs, or are read by the nodes. */
  readonly layers: readonly string[];
}

/**
 * Finds the nodes behind the layers that no layers stand for: all that outputs need, up to the tensors that layers make. Of a
 * node that makes one tensor that layers make too and one that they do not, all are the tail's.
 *
 * @param outputs Outputs of the graph.
 * @param graph The graph.
 * @returns The tail; without nodes where layers make all outputs.
 */
export function findTail<Tensor, Node>(
  outputs: readonly Tensor[],
  graph: TailGraph<Tensor, Node>,
): FoundTail<Tensor, Node> {
  const known = new Map<string, FoundLayer | undefined>();
  const kept = new Set<Node>();
  const findLayer = (tensor: Tensor) => {
    const maker = graph.makerOf(tensor);
    if (maker !== undefined && kept.has(maker)) return undefined;
    const name = graph.nameOf(tensor);
    if (!known.has(name)) known.set(name, graph.findLayer(tensor));
    return known.get(name);
  };
  for (;;) {
    const { border, ...found } = walk(outputs, { ...graph, findLayer });
    const makers = border.map((tensor) => graph.makerOf(tensor));
    const both = makers.filter((maker) => maker !== undefined && found.nodes.has(maker));
    if (both.length === 0) return found;
    for (const node of both) kept.add(node!);
  }
}

/** Goes up from the outputs; gives what was found, and the tensors of layers at which it stopped. */
function walk<Tensor, Node>(
  outputs: readonly Tensor[],
  graph: TailGraph<Tensor, Node>,
): FoundTail<Tensor, Node> & { readonly border: readonly Tensor[] } {
  const nodes = new Set<Node>();
  const given = new Map<string, Tensor>();
  const inputs = new Map<string, TailInput>();
  const layers: string[] = [];
  const border: Tensor[] = [];
  const placeOf = (tensor: Tensor, { layer }: FoundLayer) => {
    border.push(tensor);
    const place = layers.indexOf(layer);
    return place >= 0 ? place : layers.push(layer) - 1;
  };
  const waiting: Node[] = [];
  const take = (tensor: Tensor) => {
    const maker = graph.makerOf(tensor);
    if (maker === undefined) given.set(graph.nameOf(tensor), tensor);
    else waiting.push(maker);
  };
  const found = outputs.map((tensor) => graph.findLayer(tensor));
  const places = found.map((made, index) => made && placeOf(outputs[index], made));
  outputs.filter((_, index) => found[index] === undefined).forEach(take);
  for (let node = waiting.pop(); node !== undefined; node = waiting.pop()) {
    if (nodes.has(node)) continue;
    nodes.add(node);
    for (const tensor of graph.inputsOf(node)) {
      const made = graph.findLayer(tensor);
      const name = graph.nameOf(tensor);
      if (made === undefined) take(tensor);
      else inputs.set(name, { name, place: placeOf(tensor, made), form: made.form });
    }
  }
  const forms = found.map((made) => made?.form);
  return { nodes, given, inputs: [...inputs.values()], places, forms, layers, border };
}
