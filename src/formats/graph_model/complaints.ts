import { InputError } from "../../base/mod.ts";
import type { GraphNode } from "./graph_def.ts";
import type { NodeRefusal } from "../import/mod.ts";

/** Nodes of one operation that a message names; further ones are counted. */
const MOST_NAMED = 20;

/** Nodes that are not understood. */
export interface RefusedNodes {
  /** Nodes of operations that are not read. */
  readonly strangers: readonly GraphNode[];
  /** What is wrong with other nodes. */
  readonly complaints: readonly NodeRefusal[];
}

/**
 * Refuses a model whose nodes cannot all become layers.
 *
 * @param refused The nodes.
 * @param path Path of the model, for the message.
 * @throws {InputError} When there are any: a line for every such operation and every such node, with what to do.
 */
export function refuseNodes({ strangers, complaints }: RefusedNodes, path: string): void {
  const lines = [
    ...Map.groupBy(strangers, ({ operator }) => operator).entries().map(describeOperation),
    ...complaints.map(({ message }) => message),
  ];
  if (lines.length === 0) return;
  if (lines.length === 1) throw new InputError(`reading ${path}: ${lines[0]}`);
  const count = strangers.length + complaints.length;
  throw new InputError(
    [`reading ${path}: found ${count} nodes that cannot become layers`, ...lines].join("\n  "),
  );
}

function describeOperation([operator, nodes]: [string, GraphNode[]]): string {
  const names = nodes.slice(0, MOST_NAMED).map(({ name }) => `"${name}"`).join(", ");
  const rest = nodes.length > MOST_NAMED ? ` and ${nodes.length - MOST_NAMED} more` : "";
  const subject = nodes.length === 1 ? "node" : "nodes";
  const verb = nodes.length === 1 ? "is no operation" : "are no operations";
  return `${subject} ${names}${rest} (${operator}) ${verb} that can be read; ${
    adviceFor(operator)
  }`;
}

/** The nearest thing to do, by operation. */
const ADVICE: readonly [operations: RegExp, advice: string][] = [
  [
    /^(If|While|Switch|Merge|Enter|Exit|NextIteration|LoopCond|Stateless(If|While)|TensorList|TensorArray)/,
    "export the part ahead of the branch or loop (tensorflowjs_converter --output_node_names)",
  ],
  [
    /^(Stateful)?PartitionedCall$/,
    "freeze the model with tensorflowjs_converter, which takes functions apart",
  ],
  [/^(VarHandleOp|Variable|VariableV2|ReadVariableOp|HashTable)/, "freeze its variables"],
  [/Quant/, "export the model before it is quantized, and let the converter quantize its weights"],
  [
    /^(SpaceToBatchND|BatchToSpaceND)$/,
    "export it with a dilated convolution, or a fixed image size",
  ],
  [/Norm|^LRN$/, "use BatchNormalization instead"],
  [
    /^(Conv1D|Conv3D|MaxPool3D|AvgPool3D|Einsum|.*(LSTM|GRU|RNN).*)$/,
    "only networks for images are read",
  ],
];

function adviceFor(operator: string): string {
  return ADVICE.find(([operations]) => operations.test(operator))?.[1] ??
    "replace it in the model, or export the part ahead of it " +
      "(tensorflowjs_converter --output_node_names)";
}
