import { PbfReader } from "pbf";
import { InputError } from "../../../base/mod.ts";
import type {
  OnnxAttribute,
  OnnxGraph,
  OnnxModel,
  OnnxNode,
  OnnxSubgraphs,
  OnnxTensor,
  OnnxValueInfo,
} from "../messages.ts";

/** Graphs that stand in one another, as loops in branches do. */
const MOST_NESTED = 16;

/** A reader of protobuf that never believes a length: every message, text and list must end within the one around it. */
class BoundedReader {
  readonly #reader: PbfReader;
  #end: number;
  #depth = 0;

  constructor(bytes: Uint8Array) {
    this.#reader = new PbfReader(bytes);
    this.#end = bytes.length;
  }

  /** Reads the fields up to the end of the message at hand. */
  fields(read: (field: number) => void): void {
    const end = this.#end;
    for (;;) {
      const field = this.#reader.nextField(end);
      if (this.#reader.pos > end) throw new RangeError("a field goes on behind the end");
      if (field === 0) return;
      read(field);
      if (this.#reader.pos > end) throw new RangeError("a field goes on behind the end");
    }
  }

  /** Reads a message; gives its bytes. */
  message(read: (field: number) => void): Uint8Array {
    const outer = this.#end;
    this.#end = this.#readEnd();
    const { buf, pos } = this.#reader;
    this.fields(read);
    const bytes = buf.subarray(pos, this.#end);
    this.#end = outer;
    return bytes;
  }

  /** Reads a message that may stand in one of its kind. */
  nested(read: (field: number) => void): void {
    if (++this.#depth > MOST_NESTED) throw new RangeError("graphs stand in graphs again and again");
    this.message(read);
    this.#depth--;
  }

  bytes(): Uint8Array {
    const end = this.#readEnd();
    const { buf, pos } = this.#reader;
    this.#reader.pos = end;
    return buf.subarray(pos, end);
  }

  text(): string {
    return new TextDecoder().decode(this.bytes());
  }

  integer(): number {
    return this.#scalar(0, () => this.#reader.readVarint(true));
  }

  float(): number {
    return this.#scalar(5, () => this.#reader.readFloat());
  }

  /** One number, or a packed list of them. */
  integers(into: number[]): void {
    this.#list(into, () => this.#reader.readVarint(true));
  }

  floats(into: number[]): void {
    this.#list(into, () => this.#reader.readFloat());
  }

  doubles(into: number[]): void {
    this.#list(into, () => this.#reader.readDouble());
  }

  #scalar(type: number, read: () => number): number {
    if (this.#reader.type !== type) throw new RangeError("a field is of the wrong kind");
    return read();
  }

  #list(into: number[], read: () => number): void {
    if (this.#reader.type !== 2) {
      into.push(read());
      return;
    }
    const end = this.#readEnd();
    while (this.#reader.pos < end) into.push(read());
    if (this.#reader.pos > end) throw new RangeError("a list goes on behind its end");
  }

  #readEnd(): number {
    if (this.#reader.type !== 2) throw new RangeError("a field is of the wrong kind");
    const length = this.#reader.readVarint();
    const end = this.#reader.pos + length;
    if (!(end <= this.#end)) {
      const rest = Math.max(0, this.#end - this.#reader.pos);
      throw new RangeError(`${length} bytes are declared where ${rest} are left`);
    }
    return end;
  }
}

/**
 * Takes an ONNX file apart. Weights are not copied: they point into `bytes`.
 *
 * @param bytes The file.
 * @param path Its path, for messages.
 * @returns What is in it.
 * @throws {InputError} When the bytes are no protobuf of a model: truncated, lengths that do not fit into one another,
 * no graph.
 */
export function decodeOnnx(bytes: Uint8Array, path: string): OnnxModel {
  const model = {
    irVersion: 0,
    producer: "",
    opset: 0,
    imports: new Map<string, number>(),
    graph: undefined as OnnxGraph | undefined,
    functions: [] as Uint8Array[],
    metadata: new Map<string, string>(),
  };
  const reader = new BoundedReader(bytes);
  try {
    reader.fields((field) => {
      if (field === 1) model.irVersion = reader.integer();
      else if (field === 2) model.producer = reader.text();
      else if (field === 7) model.graph = readGraph(reader);
      else if (field === 8) {
        const { domain, version } = readOpset(reader);
        if (domain === "" || domain === "ai.onnx") model.opset = version;
        else model.imports.set(domain, version);
      } else if (field === 14) readEntry(reader, model.metadata);
      else if (field === 25) model.functions.push(reader.bytes());
    });
  } catch (error) {
    if (error instanceof InputError) throw error;
    const reason = (error as Error).message;
    throw new InputError(
      `reading ${path}: found bytes that are no ONNX model (${reason}), wanted a complete .onnx file; ` +
        `copy or export it again`,
      { cause: error },
    );
  }
  if (model.graph === undefined) {
    throw new InputError(
      `reading ${path}: found no graph, wanted an ONNX model; export it again, as with torch.onnx.export`,
    );
  }
  return { ...model, graph: model.graph };
}

function readOpset(reader: BoundedReader): { domain: string; version: number } {
  const opset = { domain: "", version: 0 };
  reader.message((field) => {
    if (field === 1) opset.domain = reader.text();
    else if (field === 2) opset.version = reader.integer();
  });
  return opset;
}

/** A `StringStringEntryProto`. */
function readEntry(reader: BoundedReader, into: Map<string, string>): void {
  let key = "", value = "";
  reader.message((field) => {
    if (field === 1) key = reader.text();
    else if (field === 2) value = reader.text();
  });
  into.set(key, value);
}

function readGraph(reader: BoundedReader): OnnxGraph {
  const valueInfos: OnnxValueInfo[] = [];
  const graph: OnnxGraph = {
    ...{ name: "", nodes: [], initializers: [], inputs: [], outputs: [], valueInfos },
  };
  reader.nested((field) => {
    if (field === 1) graph.nodes.push(readNode(reader));
    else if (field === 2) graph.name = reader.text();
    else if (field === 5) graph.initializers.push(readTensorMessage(reader));
    else if (field === 11) graph.inputs.push(readValueInfo(reader));
    else if (field === 12) graph.outputs.push(readValueInfo(reader));
    else if (field === 13) valueInfos.push(readValueInfo(reader));
  });
  return graph;
}

function readNode(reader: BoundedReader): OnnxNode {
  const attributes = new Map<string, OnnxAttribute>();
  const node: OnnxNode = {
    name: "",
    operator: "",
    domain: "",
    inputs: [],
    outputs: [],
    attributes,
  };
  const graphs: OnnxGraph[] = [];
  const bytes = reader.message((field) => {
    if (field === 1) node.inputs.push(reader.text());
    else if (field === 2) node.outputs.push(reader.text());
    else if (field === 3) node.name = reader.text();
    else if (field === 4) node.operator = reader.text();
    else if (field === 5) {
      const [name, value] = readAttribute(reader, graphs);
      attributes.set(name, value);
    } else if (field === 7) node.domain = reader.text();
  });
  return { ...node, bytes, ...(graphs.length > 0 && { subgraphs: lookInto(graphs) }) };
}

/** What graphs inside a node have to do with the graph around it. */
function lookInto(graphs: readonly OnnxGraph[]): OnnxSubgraphs {
  const all: OnnxSubgraphs = { reads: [], makes: [], operators: [] };
  for (const { nodes, initializers, inputs, outputs } of graphs) {
    const own = [...initializers, ...inputs].map(({ name }) => name);
    const made = new Set([...own, ...nodes.flatMap((node) => node.outputs)]);
    const read = [
      ...nodes.flatMap((node) => [...node.inputs, ...node.subgraphs?.reads ?? []]),
      ...outputs.map(({ name }) => name),
    ];
    all.reads.push(...new Set(read.filter((name) => name !== "" && !made.has(name))));
    all.makes.push(...made, ...nodes.flatMap(({ subgraphs }) => subgraphs?.makes ?? []));
    all.operators.push(
      ...nodes.flatMap(({ operator, subgraphs }) => [operator, ...subgraphs?.operators ?? []]),
    );
  }
  return all;
}

/** Fields of `AttributeProto` that hold a list of integers or floats. */
const LIST_TYPES = new Set([6, 7]);

function readAttribute(reader: BoundedReader, graphs: OnnxGraph[]): [string, OnnxAttribute] {
  const numbers: number[] = [];
  let name = "", type = 0;
  let single: OnnxAttribute | undefined;
  reader.message((field) => {
    if (field === 1) name = reader.text();
    else if (field === 2) single = reader.float();
    else if (field === 3) single = reader.integer();
    else if (field === 4) single = reader.text();
    else if (field === 5) single = readTensorMessage(reader);
    else if (field === 6 || field === 11) graphs.push(readGraph(reader));
    else if (field === 7) reader.floats(numbers);
    else if (field === 8) reader.integers(numbers);
    else if (field === 20) type = reader.integer();
  });
  if (LIST_TYPES.has(type) || numbers.length > 0) return [name, numbers];
  const zero: OnnxAttribute | undefined = type === 1 || type === 2
    ? 0
    : type === 3
    ? ""
    : undefined;
  return [name, single ?? zero ?? { opaque: `an attribute of type ${type}` }];
}

function readTensorMessage(reader: BoundedReader): OnnxTensor {
  const tensor: OnnxTensor = { name: "", shape: [], dataType: 0, typed: [] };
  let isExternal = false;
  const external = new Map<string, string>();
  const bytes = reader.message((field) => {
    if (field === 1) reader.integers(tensor.shape);
    else if (field === 2) tensor.dataType = reader.integer();
    else if (field === 4) reader.floats(tensor.typed);
    else if (field === 5 || field === 7) reader.integers(tensor.typed);
    else if (field === 8) tensor.name = reader.text();
    else if (field === 9) tensor.raw = reader.bytes();
    else if (field === 10) reader.doubles(tensor.typed);
    else if (field === 13) readEntry(reader, external);
    else if (field === 14) isExternal = reader.integer() === 1;
  });
  return isExternal ? { ...tensor, bytes, external } : { ...tensor, bytes };
}

function readValueInfo(reader: BoundedReader): OnnxValueInfo {
  const description: OnnxValueInfo = { name: "", dataType: 0 };
  const bytes = reader.message((field) => {
    if (field === 1) description.name = reader.text();
    else if (field === 2) {
      reader.message((type) => {
        if (type === 1) readTensorType(reader, description);
      });
    }
  });
  return { ...description, bytes };
}

function readTensorType(reader: BoundedReader, description: OnnxValueInfo): void {
  reader.message((field) => {
    if (field === 1) description.dataType = reader.integer();
    else if (field === 2) description.shape = readShape(reader);
  });
}

function readShape(reader: BoundedReader): (number | string | null)[] {
  const shape: (number | string | null)[] = [];
  reader.message((field) => {
    if (field !== 1) return;
    let extent: number | string | null = null;
    reader.message((part) => {
      if (part === 1) extent = reader.integer();
      else if (part === 2) extent = reader.text();
    });
    shape.push(extent);
  });
  return shape;
}
