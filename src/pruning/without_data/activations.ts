import { activationOf, type LayerNode } from "../../graph/mod.ts";

/** A function of single values. */
type Act = (x: number) => number;

const sigmoid: Act = (x) => 1 / (1 + Math.exp(-x));

/** Activations by name; others are taken for the identity. */
const ACTIVATIONS: Readonly<Record<string, Act>> = {
  relu: (x) => Math.max(0, x),
  relu6: (x) => Math.min(6, Math.max(0, x)),
  elu: (x) => x > 0 ? x : Math.expm1(x),
  selu: (x) => 1.0507009873554805 * (x > 0 ? x : 1.6732632423543772 * Math.expm1(x)),
  gelu: (x) => x * sigmoid(1.702 * x),
  sigmoid,
  hardSigmoid: (x) => Math.min(1, Math.max(0, 0.2 * x + 0.5)),
  hard_sigmoid: (x) => Math.min(1, Math.max(0, 0.2 * x + 0.5)),
  softplus: (x) => Math.log1p(Math.exp(x)),
  softsign: (x) => x / (1 + Math.abs(x)),
  tanh: Math.tanh,
  swish: (x) => x * sigmoid(x),
  mish: (x) => x * Math.tanh(Math.log1p(Math.exp(x))),
};

/** What layers of these classes do to single values. */
const LAYERS: Readonly<Record<string, (node: LayerNode) => Act>> = {
  ReLU: ({ config }) => {
    const [most, slope, from] = [config.max_value, config.negative_slope, config.threshold];
    const [limit, threshold] = [Number(most ?? Infinity), Number(from ?? 0)];
    return (x) => x >= threshold ? Math.min(limit, x) : Number(slope ?? 0) * (x - threshold);
  },
  LeakyReLU: ({ config }) => (x) => x > 0 ? x : Number(config.alpha ?? 0.3) * x,
  ELU: ({ config }) => (x) => x > 0 ? x : Number(config.alpha ?? 1) * Math.expm1(x),
  ThresholdedReLU: ({ config }) => (x) => x > Number(config.theta ?? 1) ? x : 0,
  PReLU: ({ weights }) => {
    const slopes = [...weights.get("alpha")?.values ?? []];
    const slope = slopes.reduce((sum, each) => sum + each / slopes.length, 0);
    return (x) => x > 0 ? x : slope * x;
  },
  Rescaling: ({ config }) => (x) => Number(config.scale ?? 1) * x + Number(config.offset ?? 0),
};

/**
 * What a layer does to single values at its end.
 *
 * @param node The layer.
 * @returns The function; undefined for the identity and for what is not known.
 */
export function activationBehind(node: LayerNode): Act | undefined {
  return LAYERS[node.className]?.(node) ?? ACTIVATIONS[activationOf(node)];
}
