import { ownValue } from "../../../base/mod.ts";
import type { OnnxNode } from "../messages.ts";

/** What one number becomes. */
type Compute = (x: number) => number;

/** Activations that exporters write by parts, as the node that would be all of it. */
const ACTIVATIONS: readonly {
  readonly operator: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly compute: Compute;
}[] = [
  { operator: "Gelu", attributes: {}, compute: (x) => x * (1 + erf(x / Math.SQRT2)) / 2 },
  {
    operator: "Gelu",
    attributes: { approximate: "tanh" },
    compute: (x) => x * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3))) / 2,
  },
  { operator: "Mish", attributes: {}, compute: (x) => x * Math.tanh(Math.log1p(Math.exp(x))) },
  { operator: "Softsign", attributes: {}, compute: (x) => x / (1 + Math.abs(x)) },
];

/** Operators of one number whose meaning has no attributes. */
const UNARY: Readonly<Record<string, Compute>> = {
  Abs: Math.abs,
  Erf: erf,
  Exp: Math.exp,
  Log: Math.log,
  Neg: (x) => -x,
  Reciprocal: (x) => 1 / x,
  Softplus: (x) => Math.log1p(Math.exp(x)),
  Sqrt: Math.sqrt,
  Tanh: Math.tanh,
};

const BINARY: Readonly<Record<string, (first: number, second: number) => number>> = {
  Add: (first, second) => first + second,
  Div: (first, second) => first / second,
  Mul: (first, second) => first * second,
  Pow: (first, second) => first ** second,
  Sub: (first, second) => first - second,
};

/** Operators that only stand in activations by parts: without one of them there is nothing to be found. */
const SIGNS = new Set(["Abs", "Erf", "Softplus", "Tanh"]);

/** Nodes that an activation may have. */
const MOST_PARTS = 16;

/** Where activations are compared, and by how much they may differ there. */
const SAMPLES = Array.from({ length: 41 }, (_, index) => (index - 20.3) / 3.7), TOLERANCE = 2e-5;

/**
 * Finds activations that are written by parts, in whatever order and with whatever constants: every product, quotient or sum
 * that is a function of one tensor is compared with the activations at some numbers.
 *
 * @param nodes The nodes, each behind what it reads.
 * @param constants Single numbers and short lists of the graph, by name.
 * @returns The nodes, with those that make an activation replaced by one that is all of it.
 */
export function joinActivations(
  nodes: readonly OnnxNode[],
  constants: ReadonlyMap<string, readonly number[]>,
): OnnxNode[] {
  if (!nodes.some(({ operator }) => SIGNS.has(operator))) return [...nodes];
  const single = [...constants].filter(([, values]) => values.length === 1);
  const numbers = new Map(single.map(([name, [value]]) => [name, value]));
  const places = new Map(nodes.map((node, place) => [node.outputs[0], place]));
  return nodes.map((node) => {
    if (!isPart(node) || !Object.hasOwn(BINARY, node.operator)) return node;
    const parts = listParts(node, nodes, places);
    if (!parts.some(({ operator }) => SIGNS.has(operator))) return node;
    const read = new Set(parts.flatMap(({ inputs }) => inputs));
    for (const source of [...read].filter((name) => !numbers.has(name))) {
      const found = ACTIVATIONS.find((activation) =>
        SAMPLES.every((x) =>
          Math.abs(evaluate(parts, numbers, source, x) - activation.compute(x)) <= TOLERANCE
        )
      );
      if (found === undefined) continue;
      const attributes = new Map(Object.entries(found.attributes));
      return { ...node, operator: found.operator, inputs: [source], attributes };
    }
    return node;
  });
}

/** Whether a node works on single numbers, and there is nothing else to be said about it. */
function isPart({ operator, domain, attributes }: OnnxNode): boolean {
  const isKnown = Object.hasOwn(UNARY, operator) || Object.hasOwn(BINARY, operator);
  return isKnown && domain === "" && attributes.size === 0;
}

/** A node and the parts ahead of it, as many as an activation may have, each behind what it reads. */
function listParts(
  node: OnnxNode,
  nodes: readonly OnnxNode[],
  places: ReadonlyMap<string, number>,
): OnnxNode[] {
  const found = new Set([places.get(node.outputs[0])!]);
  for (const place of found) {
    for (const name of nodes[place].inputs) {
      const maker = places.get(name);
      if (maker !== undefined && isPart(nodes[maker]) && found.size < MOST_PARTS) found.add(maker);
    }
  }
  return [...found].sort((first, second) => first - second).map((place) => nodes[place]);
}

/** What the last of some parts makes where a tensor is x; NaN where it is no function of that alone. */
function evaluate(
  parts: readonly OnnxNode[],
  numbers: ReadonlyMap<string, number>,
  source: string,
  x: number,
): number {
  const values = new Map([[source, x]]);
  for (const { operator, inputs, outputs: [output] } of parts) {
    if (output === source) continue;
    const [first, second = NaN] = inputs.map((name) =>
      values.get(name) ?? numbers.get(name) ?? NaN
    );
    const unary = ownValue(UNARY, operator);
    values.set(output, unary ? unary(first) : BINARY[operator](first, second));
  }
  return values.get(parts.at(-1)!.outputs[0])!;
}

/** The error function, by formula 7.1.26 of Abramowitz and Stegun: off by 1.5 · 10⁻⁷ at most. */
function erf(x: number): number {
  const t = 1 / (1 + 0.3275911 * Math.abs(x));
  const weights = [0.254829592, -0.284496736, 1.421413741, -1.453152027, 1.061405429];
  const sum = weights.reduceRight((total, weight) => (total + weight) * t, 0);
  return Math.sign(x) * (1 - sum * Math.exp(-x * x));
}
