import { InputError } from "../../base/mod.ts";
import { isJsonObject, type JsonObject } from "../../model/mod.ts";

/** A tensor that a node makes. */
export interface NodeOutput {
  /** Name of the node. */
  readonly node: string;
  /** Which of its outputs. */
  readonly index: number;
}

/** One operation of a graph (`NodeDef`). */
export interface GraphNode {
  /** Its name, with slashes between scopes. */
  readonly name: string;
  /** Operation, such as `Conv2D`. */
  readonly operator: string;
  /** Tensors it reads. */
  readonly inputs: readonly NodeOutput[];
  /** Nodes that run before it, though it reads nothing of them. */
  readonly controls: readonly string[];
  /** Attributes by name (`AttrValue`), as JSON. */
  readonly attributes: JsonObject;
}

/** A graph of TensorFlow's operations (`GraphDef`) with what goes in and out. */
export interface Graph {
  /** The nodes by name, in the order of the file. */
  readonly nodes: ReadonlyMap<string, GraphNode>;
  /** Placeholders in the order of the signature, or of the file. */
  readonly inputs: readonly NodeOutput[];
  /** Tensors in the order of the signature; those that no node reads where there is none. */
  readonly outputs: readonly NodeOutput[];
  /** Shapes that the signature states for inputs, by node. */
  readonly inputShapes: ReadonlyMap<string, unknown>;
  /** What the signature calls the inputs; none where there is no signature. */
  readonly inputKeys: readonly string[];
  /** What the signature calls the outputs; none where there is no signature. */
  readonly outputKeys: readonly string[];
  /** Functions that nodes call. */
  readonly library?: JsonObject;
}

/** Operations that make nothing an image goes through. */
const NO_OUTPUTS = new Set(["Const", "NoOp", "Assert", "Placeholder", "PlaceholderWithDefault"]);

/**
 * Reads the graph of a graph model; fields and meanings are those of
 * https://github.com/tensorflow/tensorflow/blob/master/tensorflow/core/framework/graph.proto as JSON.
 *
 * @param model Members of model.json.
 * @param path Its path, for messages.
 * @returns The graph.
 * @throws {InputError} When a node lacks its name or operation, has the name of another one, or reads a node that is not
 * there; when the signature names a node that is not there.
 */
export function readGraph(model: JsonObject, path: string): Graph {
  const topology = model.modelTopology;
  if (!isJsonObject(topology) || !Array.isArray(topology.node)) {
    throw new InputError(
      `reading ${path}: found no list of nodes in modelTopology, wanted a graph; ` +
        `convert the model again with tensorflowjs_converter`,
    );
  }
  const nodes = new Map<string, GraphNode>();
  topology.node.forEach((entry: unknown, place) => {
    const node = readNode(entry, place, path);
    if (nodes.has(node.name)) {
      throw new InputError(
        `reading ${path}: found node "${node.name}" twice, wanted it once; convert the model again`,
      );
    }
    nodes.set(node.name, node);
  });
  for (const { name, operator, inputs } of nodes.values()) {
    const missing = inputs.find((input) => !nodes.has(input.node));
    if (missing === undefined) continue;
    throw new InputError(
      `reading ${path}: node "${name}" (${operator}) reads "${missing.node}", which is not in the graph; ` +
        `convert the model again`,
    );
  }
  const signature = isJsonObject(model.signature)
    ? model.signature
    : isJsonObject(model.userDefinedMetadata) && isJsonObject(model.userDefinedMetadata.signature)
    ? model.userDefinedMetadata.signature
    : {};
  const given = listTensors(signature.inputs, nodes, path);
  const made = listTensors(signature.outputs, nodes, path);
  return {
    nodes,
    inputs: given.length > 0 ? given.map(({ tensor }) => tensor) : findPlaceholders(nodes),
    outputs: made.length > 0 ? made.map(({ tensor }) => tensor) : findEnds(nodes),
    inputShapes: new Map(given.map(({ tensor, shape }) => [tensor.node, shape])),
    inputKeys: given.map(({ key }) => key),
    outputKeys: made.map(({ key }) => key),
    ...(isJsonObject(topology.library) && { library: topology.library }),
  };
}

function readNode(entry: unknown, place: number, path: string): GraphNode {
  const { name, op, input = [], attr = {} } = isJsonObject(entry) ? entry : {};
  const isText = (value: unknown) => typeof value === "string" && value !== "";
  const isUsable = isText(name) && isText(op) && Array.isArray(input) && input.every(isText) &&
    isJsonObject(attr);
  if (!isUsable) {
    throw new InputError(
      `reading ${path}: node ${place} of modelTopology${isText(name) ? ` ("${name}")` : ""} ` +
        `lacks its name, op or inputs, wanted a node of TensorFlow; ` +
        `convert the model again with tensorflowjs_converter`,
    );
  }
  const isControl = (text: string) => text.startsWith("^");
  return {
    name: name as string,
    operator: op as string,
    inputs: (input as string[]).filter((text) => !isControl(text)).map(parseTensor),
    controls: (input as string[]).filter(isControl).map((text) => text.slice(1)),
    attributes: attr as JsonObject,
  };
}

/** `node:index`, or the node alone for its first output. */
function parseTensor(text: string): NodeOutput {
  const mark = text.lastIndexOf(":");
  const index = Number(text.slice(mark + 1));
  const isIndexed = mark > 0 && Number.isSafeInteger(index) && index >= 0;
  return isIndexed ? { node: text.slice(0, mark), index } : { node: text, index: 0 };
}

/** Inputs or outputs of the signature. */
function listTensors(
  entries: unknown,
  nodes: ReadonlyMap<string, GraphNode>,
  path: string,
): { key: string; tensor: NodeOutput; shape: unknown }[] {
  if (!isJsonObject(entries)) return [];
  return Object.entries(entries).map(([key, entry]) => {
    const text = isJsonObject(entry) ? entry.name : undefined;
    const tensor = typeof text === "string" ? parseTensor(text) : undefined;
    if (tensor === undefined || !nodes.has(tensor.node)) {
      throw new InputError(
        `reading ${path}: the signature's "${key}" means node ${JSON.stringify(text)}, ` +
          `which is not in the graph; convert the model again`,
      );
    }
    return { key, tensor, shape: (entry as JsonObject).tensorShape };
  });
}

function findPlaceholders(nodes: ReadonlyMap<string, GraphNode>): NodeOutput[] {
  const placeholders = nodes.values().filter(({ operator }) => operator === "Placeholder");
  return [...placeholders.map(({ name }) => ({ node: name, index: 0 }))];
}

/** What nothing reads. */
function findEnds(nodes: ReadonlyMap<string, GraphNode>): NodeOutput[] {
  const read = new Set(nodes.values().flatMap(({ inputs }) => inputs.map(({ node }) => node)));
  const ends = nodes.values().filter(({ name, operator }) =>
    !read.has(name) && !NO_OUTPUTS.has(operator)
  );
  return [...ends.map(({ name }) => ({ node: name, index: 0 }))];
}
