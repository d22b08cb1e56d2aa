import type { OnnxNode } from "../messages.ts";

/** What a graph is made of, by names. */
interface Graph {
  /** Nodes by what they make. */
  readonly makers: ReadonlyMap<string, OnnxNode>;
  /** Single numbers and short lists. */
  readonly constants: ReadonlyMap<string, readonly number[]>;
}

/**
 * Finds normalizations that are written by parts, (x − mean) / √(variance + ε), as exporters write LayerNormalization before
 * opset 17.
 *
 * @param nodes The nodes, each behind what it reads.
 * @param constants Single numbers and short lists of the graph, by name.
 * @returns The nodes, with the divisions replaced by MeanVarianceNormalization of x, which has ε among its attributes.
 */
export function joinNormalizations(
  nodes: readonly OnnxNode[],
  constants: ReadonlyMap<string, readonly number[]>,
): OnnxNode[] {
  const makers = new Map(nodes.map((node) => [node.outputs[0], node]));
  const graph = { makers, constants };
  return nodes.map((node) => {
    if (node.operator !== "Div") return node;
    const centered = readCentered(graph, node.inputs[0]);
    const deviation = readDeviation(graph, node.inputs[1]);
    const isOne = centered && deviation && centered.source === deviation.source &&
      centered.axes.join() === deviation.axes.join();
    if (!isOne) return node;
    const { source, axes } = centered;
    const attributes = new Map<string, number | readonly number[]>([
      ["axes", axes],
      ["epsilon", deviation.epsilon],
    ]);
    return { ...node, operator: "MeanVarianceNormalization", inputs: [source], attributes };
  });
}

interface Centered {
  readonly source: string;
  readonly axes: readonly number[];
}

/** x − mean(x). */
function readCentered(graph: Graph, name: string): Centered | undefined {
  const difference = find(graph, name, "Sub");
  const mean = difference && readMean(graph, difference.inputs[1]);
  return mean && mean.source === difference.inputs[0] ? mean : undefined;
}

/** The mean of a tensor over axes that it keeps. */
function readMean(graph: Graph, name: string): Centered | undefined {
  const mean = find(graph, name, "ReduceMean");
  if (mean === undefined) return undefined;
  const stated = mean.attributes.get("axes") ?? graph.constants.get(mean.inputs[1] ?? "");
  const keepsAxes = (mean.attributes.get("keepdims") ?? 1) === 1;
  return Array.isArray(stated) && stated.length > 0 && keepsAxes
    ? { source: mean.inputs[0], axes: stated }
    : undefined;
}

/** √(mean((x − mean(x))²) + ε). */
function readDeviation(graph: Graph, name: string): Centered & { epsilon: number } | undefined {
  const root = find(graph, name, "Sqrt") ?? findPower(graph, name, 0.5);
  const sum = root && find(graph, root.inputs[0], "Add");
  if (sum === undefined) return undefined;
  const [first, second] = sum.inputs.map((input) => graph.constants.get(input));
  const [variance, given] = first ? [sum.inputs[1], first] : [sum.inputs[0], second];
  const mean = given?.length === 1 ? readMean(graph, variance) : undefined;
  const square = mean && readSquare(graph, mean.source);
  const centered = square && readCentered(graph, square);
  return centered && centered.axes.join() === mean.axes.join()
    ? { ...centered, epsilon: given![0] }
    : undefined;
}

/** What a tensor is the square of. */
function readSquare(graph: Graph, name: string): string | undefined {
  const product = find(graph, name, "Mul");
  if (product && product.inputs[0] === product.inputs[1]) return product.inputs[0];
  return findPower(graph, name, 2)?.inputs[0];
}

function findPower(graph: Graph, name: string, exponent: number): OnnxNode | undefined {
  const power = find(graph, name, "Pow");
  return power && graph.constants.get(power.inputs[1])?.join() === String(exponent)
    ? power
    : undefined;
}

function find({ makers }: Graph, name: string, operator: string): OnnxNode | undefined {
  const node = makers.get(name);
  return node?.operator === operator && node.domain === "" ? node : undefined;
}
