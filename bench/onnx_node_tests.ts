/**
 * Runs the ONNX project's own tests, `model.onnx` beside inputs and outputs in protobuf, against the reader:
 * `deno task onnx-tests [FOLDER]`. Debian's package libonnx-testdata puts them into /usr/share/libonnx-testdata/data.
 *
 * The tests give weights as inputs. Each is read as it is, with every single input as the network's own and the others as
 * constants, and with constants alone, which are computed ahead and added to a vector of zeros. A test is read, or computed
 * ahead alone, when some of these are, and all that are give the outputs beside it; wrong when one gives others, or ends in
 * anything but an InputError.
 *
 * @module
 */
import { dirname, join, relative } from "node:path";
import { PbfReader, PbfWriter } from "pbf";
import { startBackend } from "../src/kernels/backend.ts";
import { InputError } from "../src/base/mod.ts";
import { decodeOnnx } from "../src/formats/onnx/read/decode.ts";
import {
  DATA_TYPES,
  type OnnxAttribute,
  type OnnxNode,
  type OnnxValueInfo,
} from "../src/formats/onnx/messages.ts";
import { readOnnx } from "../src/formats/onnx/read/read.ts";
import { readTensor } from "../src/formats/onnx/read/tensors.ts";
import { encodeOnnx } from "../src/formats/onnx/write/encode.ts";
import { findInputs } from "../src/model/mod.ts";
import type { PlainTensor } from "../test/formats/onnx/runtime.ts";
import { runTfjs } from "../test/support/run_tfjs.ts";

const TOLERANCE = 1e-4, HALF_TOLERANCE = 2 ** -10;

interface Outcome {
  readonly kind: "read" | "computed" | "refused" | "wrong";
  readonly reason: string;
}

/** Folders below one that hold a model. */
function* listTests(folder: string): Generator<string> {
  const entries = [...Deno.readDirSync(folder)].sort((a, b) => a.name < b.name ? -1 : 1);
  if (entries.some(({ name }) => name === "model.onnx")) yield folder;
  for (const { name, isDirectory } of entries) {
    if (isDirectory) yield* listTests(join(folder, name));
  }
}

/** The bytes of a tensor that stands in a file by itself, with what it holds. */
interface StoredTensor {
  readonly bytes: Uint8Array;
  readonly plain: PlainTensor;
  /** Whether its numbers are rounded to 11 bits. */
  readonly isHalf: boolean;
}

function readTensorFile(path: string): StoredTensor {
  const writer = new PbfWriter();
  const bytes = Deno.readFileSync(path);
  writer.writeMessage(7, (_, graph) => graph.writeBytesField(5, bytes), null);
  const [tensor] = decodeOnnx(writer.finish(), path).graph.initializers;
  const { shape, values } = readTensor(tensor, new Map(), path);
  const isHalf = tensor.dataType === DATA_TYPES.float16;
  return { bytes, plain: { shape, values: Float32Array.from(values) }, isHalf };
}

function readTensors(folder: string, kind: "input" | "output", count: number): StoredTensor[] {
  return Array.from(
    { length: count },
    (_, index) => readTensorFile(join(folder, "test_data_set_0", `${kind}_${index}.pb`)),
  );
}

/** A message with one of its fields, all of whose others are numbers or bytes, changed. */
function changeField(
  message: Uint8Array,
  changed: number,
  change: (bytes: Uint8Array) => Uint8Array | undefined,
): Uint8Array {
  const reader = new PbfReader(message), writer = new PbfWriter();
  for (let field = reader.nextField(); field !== 0; field = reader.nextField()) {
    if (reader.type === 0) {
      writer.writeVarintField(field, reader.readVarint());
      continue;
    }
    const bytes = reader.readBytes();
    const kept = field === changed ? change(bytes) : bytes;
    if (kept) writer.writeBytesField(field, kept);
  }
  return writer.finish();
}

/** The file with more initializers, under the names of inputs. */
function addInitializers(model: Uint8Array, added: ReadonlyMap<string, Uint8Array>): Uint8Array {
  return changeField(
    model,
    7,
    (graph) => joinBytes([graph, ...added.entries().map(encodeInitializer)]),
  );
}

/** The file with its first output, of so many numbers, added to a vector that is the only input and what comes out. */
function addProbe(model: Uint8Array, output: string, count: number): Uint8Array {
  const node = (
    operator: string,
    inputs: string[],
    outputs: string[],
    attributes: [string, OnnxAttribute][] = [],
  ): OnnxNode => ({
    name: outputs[0],
    operator,
    domain: "",
    inputs,
    outputs,
    attributes: new Map(attributes),
  });
  const raw = new Uint8Array(BigInt64Array.of(BigInt(count)).buffer);
  const shape = { name: "probe_shape", shape: [1], dataType: DATA_TYPES.int64, raw, typed: [] };
  const probe = encodeOnnx({
    irVersion: 8,
    producer: "",
    opset: 17,
    metadata: new Map(),
    graph: {
      name: "",
      nodes: [
        node("Cast", [output], ["probe_floats"], [["to", DATA_TYPES.float]]),
        node("Reshape", ["probe_floats", "probe_shape"], ["probe_list"]),
        node("Add", ["probe", "probe_list"], ["probe_sum"]),
      ],
      initializers: [shape],
      inputs: [{ name: "probe", dataType: DATA_TYPES.float, shape: ["N", count] }],
      outputs: [{ name: "probe_sum", dataType: DATA_TYPES.float }],
    },
  });
  let more = new Uint8Array(0);
  changeField(probe, 7, (graph) => more = graph.slice());
  return changeField(
    model,
    7,
    (graph) => joinBytes([changeField(graph, 12, () => undefined), more]),
  );
}

/** A field of a graph: the tensor, with its name behind the others that it may have. */
function encodeInitializer([name, tensor]: [string, Uint8Array]): Uint8Array {
  const named = new PbfWriter(), field = new PbfWriter();
  named.writeStringField(8, name);
  field.writeBytesField(5, joinBytes([tensor, named.finish()]));
  return field.finish();
}

function joinBytes(parts: readonly Uint8Array[]): Uint8Array {
  const joined = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let start = 0;
  for (const part of parts) {
    joined.set(part, start);
    start += part.length;
  }
  return joined;
}

/** The same tensor with its channels last. */
function turn({ shape, values }: PlainTensor): PlainTensor {
  const [batch, channels, ...size] = shape;
  const positions = size.reduce((product, extent) => product * extent, 1);
  const turned = Float32Array.from(values, (_, index) => {
    const channel = index % channels, position = Math.floor(index / channels) % positions;
    const image = Math.floor(index / channels / positions);
    return values[(image * channels + channel) * positions + position];
  });
  return { shape: [batch, ...size, channels], values: turned };
}

function fits({ shape: [, ...extents] }: PlainTensor, wanted: readonly (number | null)[]): boolean {
  return extents.length === wanted.length &&
    extents.every((extent, axis) => wanted[axis] === null || wanted[axis] === extent);
}

/** Extents but those of one: what is pooled to one value is a vector in the layers. */
function wideExtents({ shape }: PlainTensor): string {
  return shape.filter((extent) => extent !== 1).join();
}

function isClose(found: PlainTensor, wanted: PlainTensor, tolerance: number): boolean {
  const scale = wanted.values.reduce((most, value) => Math.max(most, Math.abs(value)), 1);
  return wideExtents(found) === wideExtents(wanted) &&
    found.values.every((value, at) =>
      Object.is(value, wanted.values[at]) ||
      Math.abs(value - wanted.values[at]) <= tolerance * scale
    );
}

/** Reads and runs one form of a test. */
async function runForm(
  bytes: Uint8Array,
  inputs: readonly PlainTensor[],
  outputs: readonly StoredTensor[],
): Promise<Outcome> {
  try {
    const file = readOnnx(bytes, "model.onnx");
    if (file.frame?.tail) {
      const [{ operator }] = file.frame.tail.nodes;
      return { kind: "refused", reason: `${operator} is kept behind the layers` };
    }
    const shapes = findInputs(file.topology).map(({ shape = [] }) => shape.slice(1));
    const fed = inputs.map((input, index) => {
      const forms = [input, turn(input)];
      if (input.shape.length === 4) forms.reverse();
      return forms.find((form) => fits(form, shapes[index])) ?? input;
    });
    const found = await runTfjs(file, fed);
    const isRight = outputs.every(({ plain, isHalf }, index) =>
      [plain, turn(plain)].some((wanted) =>
        isClose(found[index], wanted, isHalf ? HALF_TOLERANCE : TOLERANCE)
      )
    );
    return isRight ? { kind: "read", reason: "" } : { kind: "wrong", reason: "other outputs" };
  } catch (error) {
    const { message } = error as Error;
    if (error instanceof InputError) return { kind: "refused", reason: message };
    return { kind: "wrong", reason: `crashed: ${message}` };
  }
}

/** Which inputs may be the network's own: all of floats, and each of them by itself. */
function listForms(inputs: readonly OnnxValueInfo[]): OnnxValueInfo[][] {
  const floats = inputs.filter(({ dataType }) => dataType === DATA_TYPES.float);
  return floats.length > 1 ? [floats, ...floats.map((input) => [input])] : [floats];
}

/** Computes a test ahead of a network that adds zeros to it. */
function runConstants(
  bytes: Uint8Array,
  output: string,
  inputs: readonly OnnxValueInfo[],
  given: readonly StoredTensor[],
  { plain, isHalf }: StoredTensor,
): Promise<Outcome> {
  const { length } = plain.values;
  const fixed = new Map(inputs.map(({ name }, index) => [name, given[index].bytes]));
  const probed = addProbe(addInitializers(bytes, fixed), output, length);
  const zeros = { shape: [1, length], values: new Float32Array(length) };
  const wanted = { bytes, isHalf, plain: { shape: [1, length], values: plain.values } };
  return runForm(probed, [zeros], [wanted]);
}

async function runTest(folder: string): Promise<Outcome> {
  const path = join(folder, "model.onnx");
  try {
    const bytes = Deno.readFileSync(path);
    const { graph } = decodeOnnx(bytes, "model.onnx");
    const stored = new Set(graph.initializers.map(({ name }) => name));
    const open = graph.inputs.filter(({ name }) => !stored.has(name));
    const given = readTensors(folder, "input", open.length);
    const outputs = readTensors(folder, "output", graph.outputs.length);
    const outcomes: Outcome[] = [];
    for (const own of listForms(open)) {
      const isOwn = open.map((input) => own.includes(input));
      const inputs = given.filter((_, index) => isOwn[index]).map(({ plain }) => plain);
      const fixed = open.flatMap(({ name }, index) =>
        isOwn[index] ? [] : [[name, given[index].bytes] as const]
      );
      outcomes.push(await runForm(addInitializers(bytes, new Map(fixed)), inputs, outputs));
    }
    const constant = await runConstants(bytes, graph.outputs[0].name, open, given, outputs[0]);
    outcomes.push(constant.kind === "read" ? { ...constant, kind: "computed" } : constant);
    return outcomes.find(({ kind }) => kind === "wrong") ??
      outcomes.find(({ kind }) => kind === "read") ??
      outcomes.find(({ kind }) => kind === "computed") ??
      outcomes.find(({ reason }) => /^reading [^ ]* node /.test(reason)) ?? outcomes[0];
  } catch (error) {
    if (error instanceof InputError) return { kind: "refused", reason: error.message };
    throw error;
  }
}

/** A refusal without the names that differ from test to test. */
function shorten(reason: string): string {
  return reason.replace(/^reading [^:]*: /, "").replace(/node "[^"]*" /, "").slice(0, 140);
}

await startBackend();
const [root = "/usr/share/libonnx-testdata/data"] = Deno.args;
const outcomes: { test: string; outcome: Outcome }[] = [];
for (const folder of listTests(root)) {
  outcomes.push({ test: relative(root, folder), outcome: await runTest(folder) });
}
const groups = Map.groupBy(outcomes, ({ test }) => dirname(test));
const count = (of: typeof outcomes, kind: Outcome["kind"]) =>
  of.filter(({ outcome }) => outcome.kind === kind).length;
console.log("group | tests | read | computed ahead alone | refused by name | wrong");
for (const [group, of] of [...groups, ["all", outcomes] as const]) {
  const counts = (["read", "computed", "refused", "wrong"] as const).map((kind) => count(of, kind));
  console.log([group, of.length, ...counts].join(" | "));
}
for (const kind of ["wrong", "refused"] as const) {
  console.log(`\n${kind}:`);
  for (const { test, outcome } of outcomes) {
    if (outcome.kind === kind) console.log(`${test}: ${shorten(outcome.reason)}`);
  }
}
Deno.exitCode = count(outcomes, "wrong") > 0 ? 1 : 0;
