import { InputError, ownValue } from "../../../base/mod.ts";
import { isJsonObject, type ModelFile, type ModelFrame, type Weight } from "../../../model/mod.ts";
import { NodeRefusal } from "../../import/mod.ts";
import { readMetadata } from "../../export/mod.ts";
import {
  type GraphNode,
  type GraphValues,
  type NodeOutput,
  readGraphModel,
} from "../../graph_model/mod.ts";
import {
  LAST_BYTE_CODE,
  METADATA_NAME,
  OPERATOR_CODES,
  TENSOR_TYPES,
  type TfliteModel,
  type TfliteOperator,
  type TfliteSubgraph,
  type TfliteTensor,
} from "../model.ts";
import { findBytes, readConstant } from "./constants.ts";
import { decodeTflite } from "./decode.ts";
import { readDescription } from "./described_model.ts";
import { translators } from "./operators.ts";
import { separateTail, standsForFloats } from "./tail.ts";
import { Translation } from "./translation.ts";

/** Version of the format. */
const VERSION = 3;

/** Types of tensors that stand for floats by a scale. */
const INTEGER_TYPES = new Set<number>([
  TENSOR_TYPES.int8,
  TENSOR_TYPES.uint8,
  TENSOR_TYPES.int16,
]);

/**
 * Reads a convolutional network from a TensorFlow Lite file: its nodes become those of TensorFlow, and these layers.
 *
 * Layers are named after the tensors. The batch is open whatever the file says. Weights of 8 or 16 bits are widened. In a
 * network of integers throughout, every tensor becomes the floats that it stands for, without the rounding on the way:
 * `metadata.dequantized` says so then, and what a runtime makes of the integers differs by it.
 *
 * @param bytes The file.
 * @param path Its path, for messages.
 * @returns The network as layers and weights.
 * @throws {InputError} When the file is damaged or hostile, or has an operation that cannot be said with layers; the
 * message names its node.
 */
export function readTflite(bytes: Uint8Array, path: string): ModelFile {
  return new FileReader(bytes, path).read();
}

class FileReader {
  readonly #bytes: Uint8Array;
  readonly #path: string;
  readonly #model: TfliteModel;
  readonly #graph: TfliteSubgraph;
  readonly #tensors: readonly TfliteTensor[];
  readonly #nodes = new Map<string, GraphNode>();
  readonly #weights = new Map<string, Weight>();
  readonly #sources = new Map<number, NodeOutput>();
  readonly #refused: NodeRefusal[] = [];
  #frame: ModelFrame | undefined;

  constructor(bytes: Uint8Array, path: string) {
    this.#bytes = bytes;
    this.#path = path;
    this.#model = decodeTflite(bytes, path);
    const { version, subgraphs = [] } = this.#model;
    if (version !== VERSION || subgraphs.length === 0) {
      throw this.#refusal(
        `version ${version ?? 0} and ${subgraphs.length} graphs`,
        `version ${VERSION} and one graph at least`,
      );
    }
    this.#graph = subgraphs[0];
    this.#tensors = this.#graph.tensors ?? [];
  }

  read(): ModelFile {
    const { inputs = [], outputs = [], operators = [] } = this.#graph;
    const given = inputs.map((index) => this.#addInput(index));
    this.#addConstants();
    const names = this.#nameTensors();
    operators.forEach((operator, place) => this.#translate(operator, place, names));
    const made = outputs.map((index) => this.#find(index, "an output"));
    const model = readGraphModel(
      {
        nodes: this.#nodes,
        inputs: given,
        outputs: made,
        inputShapes: new Map(),
        inputKeys: [],
        outputKeys: [],
      },
      this.#weights,
      this.#path,
      (values) => this.#separate(values),
    );
    const isHalf = this.#tensors.some(({ type, shape = [], buffer = 0 }) =>
      type === TENSOR_TYPES.float16 && shape.length > 1 && buffer > 0
    );
    return {
      topology: model.topology,
      weights: model.weights,
      ...(this.#frame && { frame: this.#frame }),
      ...this.#readMetadata(),
      ...(isHalf && { quantized: "float16" as const }),
      bytes: this.#bytes.length,
      path: this.#path,
    };
  }

  /** Takes out what stands behind the layers, where anything does, or where inputs are cast to floats ahead of them. */
  #separate(values: GraphValues): ReturnType<Parameters<typeof readGraphModel>[3] & object> {
    const separated = separateTail({
      model: this.#model,
      bytes: this.#bytes,
      path: this.#path,
      sources: this.#sources,
      nameOperator: (code) => this.#nameOperator(code),
    }, values);
    const isCast = this.#graph.inputs?.some((index) => !standsForFloats(this.#tensors[index]));
    if (separated === undefined || (!isCast && separated.frame.tail!.nodes.length === 0)) {
      if (this.#refused.length > 0) throw this.#refused[0];
      return undefined;
    }
    this.#frame = separated.frame;
    return { layers: separated.layers, outputs: [] };
  }

  #refusal(found: string, wanted: string, remedy = "export the model again"): InputError {
    return new InputError(`reading ${this.#path}: found ${found}, wanted ${wanted}; ${remedy}`);
  }

  #tensor(index: number, what: string): TfliteTensor {
    const tensor = this.#tensors[index];
    if (tensor !== undefined) return tensor;
    throw this.#refusal(
      `tensor ${index} as ${what} among ${this.#tensors.length}`,
      "one of these",
    );
  }

  #find(index: number, what: string): NodeOutput {
    const source = this.#sources.get(index);
    if (source !== undefined) return source;
    const { name = "" } = this.#tensor(index, what);
    throw this.#refusal(
      `tensor "${name}" as ${what}, which nothing ahead of it makes`,
      "nodes in their order, without circles",
    );
  }

  #addInput(index: number): NodeOutput {
    const { name = `input${index}`, shape = [], signature, type = 0, quantization } = this.#tensor(
      index,
      "an input",
    );
    const stands = INTEGER_TYPES.has(type) && (quantization?.scale?.length ?? 0) > 0;
    const isFloat = type === TENSOR_TYPES.float32 || stands;
    if (!isFloat && !INTEGER_TYPES.has(type) && type !== TENSOR_TYPES.int32) {
      throw this.#refusal(
        `input "${name}" of type ${type}`,
        "floats, or integers",
        "export the model with such an input",
      );
    }
    const extents = (signature?.length === shape.length ? signature : shape).map((extent) => ({
      size: extent < 0 ? "-1" : String(extent),
    }));
    const source = this.#define(name, "Placeholder", {
      dtype: { type: isFloat ? "DT_FLOAT" : "DT_INT32" },
      shape: { shape: { dim: extents } },
    });
    this.#sources.set(index, source);
    return source;
  }

  #define(wanted: string, operator: string, attributes: GraphNode["attributes"]): NodeOutput {
    let name = wanted;
    for (let suffix = 2; this.#nodes.has(name); suffix++) name = `${wanted}_${suffix}`;
    this.#nodes.set(name, { name, operator, inputs: [], controls: [], attributes });
    return { node: name, index: 0 };
  }

  /** Constants become nodes under names of their own, so that layers get those of the tensors they make. */
  #addConstants(): void {
    const buffers = this.#model.buffers ?? [];
    const activity = `reading ${this.#path}`;
    let left = this.#bytes.length;
    this.#tensors.forEach((tensor, index) => {
      const buffer = buffers[tensor.buffer ?? 0];
      if (buffer === undefined) {
        throw this.#refusal(
          `tensor "${tensor.name ?? index}" in buffer ${tensor.buffer} of ${buffers.length}`,
          "one of these",
        );
      }
      if (this.#sources.has(index)) return;
      const data = findBytes(this.#bytes, buffer, activity);
      const weight = readConstant(tensor, data, activity);
      if (weight === undefined) return;
      left -= data!.length;
      if (left < 0) {
        throw this.#refusal(
          `more bytes in constants than the ${this.#bytes.length} of the file`,
          "a buffer for every constant",
        );
      }
      const source = this.#define(`${tensor.name ?? index}/constant`, "Const", {});
      this.#weights.set(source.node, weight);
      this.#sources.set(index, source);
    });
  }

  /** What nodes are named after: the tensors they make. */
  #nameTensors(): (index: number) => string {
    const taken = new Set(this.#nodes.keys());
    return (index) => {
      const wanted = this.#tensors[index]?.name || `tensor${index}`;
      let name = wanted;
      for (let suffix = 2; taken.has(name); suffix++) name = `${wanted}_${suffix}`;
      taken.add(name);
      return name;
    };
  }

  #translate(node: TfliteOperator, place: number, nameOf: (index: number) => string): void {
    const { inputs = [], outputs = [], options, customOptions, code = 0 } = node;
    const operator = this.#nameOperator(code);
    if (outputs.length === 0) {
      throw this.#refusal(`node ${place} (${operator}) without an output`, "one at least");
    }
    const output = this.#tensor(outputs[0], `output of node ${place} (${operator})`);
    const name = nameOf(outputs[0]);
    const what = `input of node "${name}" (${operator})`;
    const translation = new Translation({ nodes: this.#nodes, weights: this.#weights }, {
      operator,
      name,
      output,
      inputs: inputs.map((index) => index === -1 ? undefined : this.#find(index, what)),
      options,
      customOptions,
      path: this.#path,
    });
    const made = this.#attempt(translation);
    outputs.forEach((index, at) => {
      this.#tensor(index, `output of node "${name}" (${operator})`);
      if (this.#sources.has(index)) {
        throw this.#refusal(
          `tensor "${this.#tensors[index].name ?? index}" made twice`,
          "every tensor made once",
        );
      }
      this.#sources.set(index, made[at] ?? { node: made[0].node, index: at });
    });
  }

  /** What a node becomes; one that is refused, or of an operation that is not read, becomes one that no layer stands for. */
  #attempt(node: Translation): readonly NodeOutput[] {
    const translate = ownValue(translators, node.operator);
    try {
      if (translate) return [translate(node)].flat();
    } catch (error) {
      if (!(error instanceof NodeRefusal)) throw error;
      this.#refused.push(error);
    }
    return [node.add(node.operator, node.inputs)];
  }

  /** Name of an operation; older files have its number in a byte. */
  #nameOperator(index: number): string {
    const entry = this.#model.operatorCodes?.[index];
    if (entry === undefined) {
      throw this.#refusal(`operation ${index} that the file does not list`, "one that it lists");
    }
    const { deprecatedCode = 0, code = 0, customCode } = entry;
    const number = deprecatedCode < LAST_BYTE_CODE ? Math.max(deprecatedCode, code) : code;
    if (number === OPERATOR_CODES.CUSTOM) return `custom ${customCode ?? ""}`.trim();
    const known = Object.entries(OPERATOR_CODES).find(([, value]) => value === number);
    return known?.[0] ?? `operation ${number}`;
  }

  #readMetadata(): Pick<ModelFile, "metadata"> {
    const { metadata = [], buffers = [] } = this.#model;
    const texts = metadata.map(({ name = "", buffer = 0 }) => {
      const bytes = buffers[buffer]?.data ?? new Uint8Array();
      return [name, new TextDecoder().decode(bytes)] as const;
    });
    const own = readMetadata(new Map(texts)).metadata;
    const isInteger = this.#graph.operators?.some(({ outputs = [] }) => {
      const { type = 0, quantization } = this.#tensors[outputs[0]] ?? {};
      return INTEGER_TYPES.has(type) && (quantization?.scale?.length ?? 0) > 0;
    });
    const known = {
      ...this.#readDescription(),
      ...(isJsonObject(own) ? own : {}),
      ...(isInteger && { dequantized: true }),
    };
    return Object.keys(known).length > 0 ? { metadata: known } : {};
  }

  /** What the file says to other programs too. */
  #readDescription(): Record<string, unknown> {
    const { metadata = [], buffers = [] } = this.#model;
    const entry = metadata.find(({ name }) => name === METADATA_NAME);
    const described = buffers[entry?.buffer ?? 0]?.data;
    if (entry === undefined || described === undefined) return {};
    const { inputs = [], outputs = [] } = this.#graph;
    const describe = (index: number) => {
      const { name = "", shape = [] } = this.#tensors[index] ?? {};
      return { name, shape };
    };
    return readDescription(described, {
      bytes: this.#bytes,
      path: this.#path,
      inputs: inputs.map(describe),
      outputs: outputs.map(describe),
    });
  }
}
