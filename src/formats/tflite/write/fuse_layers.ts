import { activationOf, type ExpandedModel, type LayerCall } from "../../export/mod.ts";
import type { Weight } from "../../../model/mod.ts";

/** Layers whose output is linear in a kernel: where it stands, and which of its axes counts the output's channels. */
const KERNELS: Readonly<Record<string, readonly [role: string, isLast: boolean]>> = {
  Conv2D: ["kernel", true],
  Conv2DTranspose: ["kernel", false],
  Dense: ["kernel", true],
  DepthwiseConv2D: ["depthwise_kernel", true],
};

/** Layers whose nodes do an activation on the way. */
const FUSING = new Set(["Add", "Conv2D", "Dense", "DepthwiseConv2D"]);

/** Layers that do nothing outside training. */
const PASSING = new Set([
  "ActivityRegularization",
  "AlphaDropout",
  "Dropout",
  "GaussianDropout",
  "GaussianNoise",
  "SpatialDropout1D",
  "SpatialDropout2D",
]);

/**
 * Brings a model closer to what TensorFlow Lite runs: BatchNormalization goes into the kernel ahead of it, activations into
 * the layer ahead of them, separable convolutions become two, and what only training needs is left out.
 *
 * @param model The calls of its layers.
 * @returns Calls that compute the same. What became one has the name of the last.
 */
export function fuseLayers(model: ExpandedModel): ExpandedModel {
  const readers = Map.groupBy(
    [...model.calls.flatMap(({ inputs }) => inputs), ...model.outputs],
    (call) => call,
  );
  const made = new Map<LayerCall, LayerCall>();
  const calls = new Set<LayerCall>();
  const keep = (call: LayerCall): LayerCall => {
    calls.add(call);
    return call;
  };
  for (const given of model.calls) {
    const call = { ...given, inputs: given.inputs.map((input) => made.get(input)!) };
    const [source] = call.inputs;
    const joined = source && readers.get(given.inputs[0])!.length === 1
      ? foldNormalization(source, call) ?? fuseActivation(source, call)
      : undefined;
    if (joined !== undefined) {
      calls.delete(source);
      made.set(given, keep(joined));
    } else if (PASSING.has(call.className)) made.set(given, source);
    else if (call.className === "SeparableConv2D") {
      const [depthwise, pointwise] = splitSeparable(call);
      keep(depthwise);
      made.set(given, keep(pointwise));
    } else made.set(given, keep(call));
  }
  const find = (call: LayerCall): LayerCall => made.get(call)!;
  return { calls: [...calls], inputs: model.inputs.map(find), outputs: model.outputs.map(find) };
}

/** y = x · factor + shift for every channel. */
export interface Normalization {
  readonly factors: Float32Array;
  readonly shifts: Float32Array;
}

/** What a BatchNormalization layer does outside training. */
export function readNormalization({ config, weights }: LayerCall, channels: number): Normalization {
  const [gamma, beta, mean, variance] = ["gamma", "beta", "moving_mean", "moving_variance"]
    .map((role) => weights.get(role)?.values);
  const epsilon = Number(config.epsilon ?? 1e-3);
  const factors = Float32Array.from(
    { length: channels },
    (_, index) => (gamma?.[index] ?? 1) / Math.sqrt((variance?.[index] ?? 1) + epsilon),
  );
  const shifts = factors.map((factor, index) =>
    (beta?.[index] ?? 0) - (mean?.[index] ?? 0) * factor
  );
  return { factors, shifts };
}

function foldNormalization(source: LayerCall, call: LayerCall): LayerCall | undefined {
  const [role, isLast] = KERNELS[source.className] ?? [];
  const isBatchNorm = call.className === "BatchNormalization";
  if (!isBatchNorm || role === undefined || activationOf(source) !== "linear") return undefined;
  const kernel = kernelOf(source, role);
  if (kernel === undefined || !normalizesChannels(call, source.isSeries ? 2 : 3)) return undefined;
  const inner = isLast ? 1 : kernel.shape.at(-1)!;
  const channels = source.className === "DepthwiseConv2D"
    ? kernel.shape[2] * kernel.shape[3]
    : kernel.shape.at(isLast ? -1 : -2)!;
  const { factors, shifts } = readNormalization(call, channels);
  const values = Float32Array.from(
    kernel.values,
    (value, index) => value * factors[Math.floor(index / inner) % channels],
  );
  const bias = source.weights.get("bias")?.values;
  const biases = shifts.map((shift, index) => shift + (bias?.[index] ?? 0) * factors[index]);
  const weights = new Map<string, Weight>([
    [role, { ...kernel, values }],
    ["bias", { name: "bias", shape: [channels], dtype: "float32", values: biases }],
  ]);
  return { ...source, name: call.name, layer: call.name, weights };
}

/** The kernel of a layer; Keras 3 calls that of a depthwise convolution just so. */
export function kernelOf({ weights }: LayerCall, role: string): Weight | undefined {
  return weights.get(role) ?? weights.get("kernel");
}

/** Whether BatchNormalization of so many axes works on the last one, as it should. */
export function normalizesChannels({ config }: LayerCall, rank: number): boolean {
  const axis = Number(Array.isArray(config.axis) ? config.axis[0] : config.axis ?? -1);
  return axis === -1 || axis === rank;
}

function fuseActivation(source: LayerCall, call: LayerCall): LayerCall | undefined {
  if (!FUSING.has(source.className) || activationOf(source) !== "linear") return undefined;
  const activation = call.className === "ReLU" ? reluOf(call) : activationOf(call);
  const isActivation = call.className === "ReLU" || call.className === "Activation";
  if (!isActivation || activation !== "relu" && activation !== "relu6") return undefined;
  return { ...source, name: call.name, config: { ...source.config, activation } };
}

/** The activation that a ReLU layer is. */
export function reluOf({ config }: LayerCall): "relu" | "relu6" | undefined {
  const bound = config.max_value ?? undefined;
  if (bound === undefined) return "relu";
  return bound === 6 ? "relu6" : undefined;
}

/** A depthwise convolution and a 1×1 convolution behind it. */
function splitSeparable(call: LayerCall): [LayerCall, LayerCall] {
  const { name, layer, config, weights } = call;
  const depthwise = {
    ...call,
    name: `${name}/depthwise`,
    layer: `${layer}/depthwise`,
    className: "DepthwiseConv2D",
    config: { ...config, activation: "linear" },
    weights: pick(weights, "depthwise_kernel", "depthwise_kernel"),
  };
  const pointwise = {
    ...call,
    className: "Conv2D",
    config: { activation: config.activation, data_format: config.data_format },
    inputs: [depthwise],
    weights: new Map([
      ...pick(weights, "pointwise_kernel", "kernel"),
      ...pick(weights, "bias", "bias"),
    ]),
  };
  return [depthwise, pointwise];
}

function pick(weights: ReadonlyMap<string, Weight>, role: string, as: string): Map<string, Weight> {
  const weight = weights.get(role);
  return new Map(weight ? [[as, weight]] : []);
}
