import type { OnnxNode } from "../messages.ts";

/** Where the channels of a tensor are in ONNX. */
export type Layout = "first" | "last";

/** Operators that want channels first, by what they read first. */
const CHANNELS_FIRST = new Set([
  "AveragePool",
  "BatchNormalization",
  "Conv",
  "ConvTranspose",
  "DepthToSpace",
  "GlobalAveragePool",
  "GlobalMaxPool",
  "InstanceNormalization",
  "LRN",
  "MaxPool",
  "SpaceToDepth",
]);

/** Operators that do not care where the channels are, so that what reads them does. */
const INDIFFERENT = new Set([
  "Abs",
  "Add",
  "Cast",
  "Clip",
  "Concat",
  "Div",
  "Dropout",
  "Elu",
  "Exp",
  "Gelu",
  "HardSigmoid",
  "HardSwish",
  "Identity",
  "LeakyRelu",
  "Max",
  "Mean",
  "Min",
  "Mish",
  "Mul",
  "Neg",
  "PRelu",
  "Pad",
  "Relu",
  "Resize",
  "Selu",
  "Sigmoid",
  "Slice",
  "Softplus",
  "Softsign",
  "Split",
  "Sub",
  "Sum",
  "Tanh",
  "Upsample",
]);

/**
 * Finds where tensors have their channels, as far as what reads them says it: a Transpose that puts the last axis first
 * says last, a convolution first, a mean what its axes say, and what works on single values or adds an axis what its own
 * readers say.
 *
 * @param nodes The nodes, each behind what it reads.
 * @returns Layouts by tensor; the first reader that says one decides.
 */
export function findLayouts(nodes: readonly OnnxNode[]): Map<string, Layout> {
  const layouts = new Map<string, Layout>();
  for (const node of nodes.toReversed()) {
    const wanted = wantedLayout(node, layouts);
    if (wanted === undefined) continue;
    const read = INDIFFERENT.has(node.operator) ? node.inputs : node.inputs.slice(0, 1);
    for (const name of read) layouts.set(name, wanted);
  }
  return layouts;
}

function wantedLayout(node: OnnxNode, layouts: ReadonlyMap<string, Layout>): Layout | undefined {
  const { operator, outputs, attributes } = node;
  if (CHANNELS_FIRST.has(operator)) return "first";
  if (operator === "Transpose") {
    const axes = attributes.get("perm");
    const isToFirst = Array.isArray(axes) && axes.join() === "0,3,1,2";
    return isToFirst ? "last" : undefined;
  }
  if (operator === "ReduceMean" || operator === "ReduceMax") {
    const axes = attributes.get("axes");
    if (!Array.isArray(axes) || axes.length !== 2) return undefined;
    return axes.join() === "1,2" ? "last" : axes.join() === "2,3" ? "first" : undefined;
  }
  const known = outputs.map((name) => layouts.get(name)).find((layout) => layout !== undefined);
  if (operator === "Unsqueeze") return known === "first" ? known : undefined;
  return INDIFFERENT.has(operator) ? known : undefined;
}
