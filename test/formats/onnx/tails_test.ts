import assert from "node:assert/strict";
import * as ort from "onnxruntime-web/wasm";
import * as tf from "@tensorflow/tfjs";
import { InputError } from "../../../src/base/errors.ts";
import { DATA_TYPES, type OnnxValueInfo } from "../../../src/formats/onnx/messages.ts";
import { decodeOnnx } from "../../../src/formats/onnx/read/decode.ts";
import { nameOfType } from "../../../src/formats/onnx/read/element_types.ts";
import { readOnnx } from "../../../src/formats/onnx/read/read.ts";
import { encodeOnnx } from "../../../src/formats/onnx/write/encode.ts";
import { writeOnnx } from "../../../src/formats/onnx/write/write.ts";
import { refuseUnwritable } from "../../../src/formats/save_model.ts";
import { startBackend } from "../../../src/kernels/backend.ts";
import { noteOnTail, reasonInTail } from "../../../src/model/note_on_tail.ts";
import { pruneWithoutData } from "../../../src/pruning/without_data/prune_without_data.ts";
import "./runtime.ts";
import { Sketch } from "./sketch.ts";
import { branching, encodeTail, graphOf, tails, type TailSketch } from "./tails.ts";

await startBackend();

const TOLERANCE = 1e-4;

/** Halves as ONNX Runtime takes them: by their bits where it knows no such arrays. */
function halvesOf(values: Float32Array): Uint16Array {
  return Float16Array.from(values) as unknown as Uint16Array;
}

/** A value for an input of a file. */
function valueFor({ dataType, shape = [] }: OnnxValueInfo): ort.Tensor {
  const extents = shape.map((extent) => typeof extent === "number" ? extent : 2);
  const [low, high] = dataType === DATA_TYPES.uint8 ? [0, 255] : [-2, 2];
  const tensor = tf.randomUniform(extents, low, high, "float32", 5);
  const values = tensor.dataSync<"float32">();
  if (dataType === DATA_TYPES.uint8) {
    return new ort.Tensor("uint8", Uint8Array.from(values), extents);
  }
  if (dataType === DATA_TYPES.float16) {
    return new ort.Tensor("float16", halvesOf(values), extents);
  }
  return new ort.Tensor("float32", values.slice(), extents);
}

/** What ONNX Runtime makes of a file. */
async function run(
  bytes: Uint8Array,
  feeds: Readonly<Record<string, ort.Tensor>>,
): Promise<ort.InferenceSession.OnnxValueMapType> {
  const session = await ort.InferenceSession.create(bytes, { executionProviders: ["wasm"] });
  const given = Object.fromEntries(session.inputNames.map((name) => [name, feeds[name]]));
  const made = await session.run(given);
  await session.release();
  return Object.fromEntries(session.outputNames.map((name) => [name, made[name]]));
}

type Results = Awaited<ReturnType<typeof run>>;

function assertSame(found: Results, wanted: Results): void {
  assert.deepEqual(Object.keys(found), Object.keys(wanted));
  for (const [name, tensor] of Object.entries(wanted)) {
    const { type, dims, data } = found[name];
    assert.equal(type, tensor.type, name);
    assert.deepEqual(dims, tensor.dims, name);
    const [made, given] = [data, tensor.data].map((list) =>
      Array.from(list as Float32Array, Number)
    );
    const scale = given.reduce((most, value) => Math.max(most, Math.abs(value)), 1);
    const tolerance = scale * (type === "float16" ? 2e-3 : TOLERANCE);
    given.forEach((value, place) =>
      assert.ok(Math.abs(value - made[place]) <= tolerance, `${name} at ${place}`)
    );
  }
}

function feedsOf({ g }: TailSketch) {
  return Object.fromEntries(g.model.graph.inputs.map((input) => [input.name, valueFor(input)]));
}

/** What a file says of a tensor, for comparisons. */
function describe({ name, dataType, shape }: OnnxValueInfo) {
  return { name, type: nameOfType(dataType), shape };
}

Deno.test("a file is written back with its tail: the same names, types and shapes, and the same outputs", async (t) => {
  for (const [name, build] of Object.entries(tails)) {
    await t.step(name, async () => {
      const sketch = build();
      const bytes = encodeTail(sketch);
      const file = readOnnx(bytes, "net.onnx");
      const written = writeOnnx(file);
      const [before, after] = [bytes, written].map((file) => decodeOnnx(file, "net.onnx"));
      for (const side of ["inputs", "outputs"] as const) {
        assert.deepEqual(after.graph[side].map(describe), before.graph[side].map(describe));
      }
      const feeds = feedsOf(sketch);
      const wanted = await run(bytes, feeds);
      assertSame(await run(written, feeds), wanted);
      assertSame(await run(writeOnnx(readOnnx(written, "again.onnx")), feeds), wanted);
    });
  }
});

Deno.test("nodes and constants of a tail stay byte for byte", async (t) => {
  for (const [name, build] of Object.entries(tails)) {
    await t.step(name, () => {
      const bytes = encodeTail(build());
      const file = readOnnx(bytes, "net.onnx");
      const content = file.frame!.tail?.content;
      if (content?.kind !== "file") return;
      const { graph: tail } = decodeOnnx(content.bytes, "tail.onnx");
      const [before, after] = [bytes, writeOnnx(file)].map((file) => {
        const { graph: { nodes, initializers } } = decodeOnnx(file, "net.onnx");
        return [...nodes, ...initializers].map((message) => message.bytes!.join());
      });
      for (const { bytes, name } of [...tail.nodes, ...tail.initializers]) {
        assert.ok(before.includes(bytes!.join()), name);
        assert.ok(after.includes(bytes!.join()), name);
      }
    });
  }
});

Deno.test("a pruned file keeps its tail, which works on what the smaller network gives", async (t) => {
  for (const [name, build] of Object.entries(tails)) {
    await t.step(name, async () => {
      const sketch = build();
      const bytes = encodeTail(sketch);
      const { file: smaller, report } = await pruneWithoutData({
        model: readOnnx(bytes, "net.onnx"),
        policy: { kind: "budget", share: 0.9 },
      });
      assert.ok(report.macs.after < report.macs.before);
      const written = writeOnnx(smaller);
      const feeds = feedsOf(sketch);
      const found = await run(written, feeds);
      const [before, after] = [bytes, written].map((file) =>
        decodeOnnx(file, "net.onnx").graph.outputs.map(describe)
      );
      assert.deepEqual(after, before);
      const tail = smaller.frame?.tail;
      if (tail?.content.kind !== "file") return;
      const model = decodeOnnx(written, "net.onnx");
      const own = decodeOnnx(tail.content.bytes, "tail.onnx").graph.inputs;
      const border = own.filter(({ name }) => tail.inputs.some((input) => input.name === name));
      const open = border.map(({ name, dataType }) => ({ name, dataType }));
      model.graph.outputs = [
        ...model.graph.outputs.filter(({ name }) => open.every((other) => other.name !== name)),
        ...open,
      ];
      const all = await run(encodeOnnx(model), feeds);
      const alone = await run(tail.content.bytes, { ...feeds, ...all });
      assertSame(alone, Object.fromEntries(Object.keys(alone).map((key) => [key, found[key]])));
    });
  }
});

function refuses({ g, outputs }: TailSketch, message: RegExp): void {
  assert.throws(() => readOnnx(encodeTail({ g, outputs }), "net.onnx"), (error: Error) => {
    assert.ok(error instanceof InputError, `${error.name}: ${error.message}`);
    assert.match(error.message, message);
    return true;
  });
}

const end = (name: string): OnnxValueInfo => ({ name, dataType: DATA_TYPES.float });

/** A network that is well so far. */
function begin(opset?: number): [Sketch, string] {
  const g = new Sketch([1, 3, 8, 8], opset);
  return [g, g.node("Relu", [g.conv("x", [4, 3, 3, 3])])];
}

Deno.test("what has a kernel behind an operation that is not understood is refused, and that is named", () => {
  const [g, x] = begin();
  const strange = g.node("LpNormalization", [x]);
  refuses(
    { g, outputs: [end(g.conv(strange, [2, 4, 3, 3]))] },
    /"\/LpNormalization_2" .* no operat/,
  );
  const [other, y] = begin();
  const vector = other.node("Flatten", [other.node("GlobalLpPool", [y])]);
  refuses({ g: other, outputs: [end(other.linear(vector, 4, 2))] }, /GlobalLpPool/);
  const [inner, z] = begin();
  const body = new Sketch();
  body.conv("z", [2, 4, 1, 1]);
  inner.model.graph.nodes.push(branching("If", [z], ["made"], { then_branch: graphOf(body, []) }));
  refuses({ g: inner, outputs: [end("made")] }, /\(If\) is no operation/);
});

Deno.test("damaged tails are refused", () => {
  const [lost, x] = begin();
  const box = lost.node("NonMaxSuppression", [x, x]);
  const read = lost.node("GatherND", [box, "nowhere"]);
  refuses({ g: lost, outputs: [end(read)] }, /"nowhere".*, which nothing here makes/);
  const [circle, y] = begin();
  circle.node("GatherND", [y, "second"], {}, "first");
  circle.node("NonZero", ["first"], {}, "second");
  refuses({ g: circle, outputs: [end("first")] }, /waits for what it makes itself/);
  const [looped, z] = begin();
  const body = new Sketch();
  body.node("Add", ["made", z], {}, "sum");
  looped.model.graph.nodes.push(
    branching("If", [z], ["made"], { then_branch: graphOf(body, [end("sum")]) }),
  );
  refuses({ g: looped, outputs: [end("made")] }, /"\/made" \(If\) waits for what it makes itself/);
  const [twice, w] = begin();
  twice.node("NonZero", [w], {}, "a");
  twice.node("Hardmax", [w], {}, "a");
  refuses({ g: twice, outputs: [end("a")] }, /found tensor "a" twice/);
  const [old, v] = begin(10);
  refuses({ g: old, outputs: [end(old.node("NonZero", [v]))] }, /opset 10 .* wanted opset 11/);
  let graph = graphOf(new Sketch(), []);
  for (let depth = 0; depth < 40; depth++) {
    const outer = new Sketch();
    outer.model.graph.nodes.push(branching("If", [], ["deep"], { then_branch: graph }));
    graph = graphOf(outer, []);
  }
  const [nested, u] = begin();
  nested.model.graph.nodes.push(branching("If", [u], ["made"], { then_branch: graph }));
  refuses({ g: nested, outputs: [end("made")] }, /graphs stand in graphs again and again/);
});

Deno.test("a file with a tail is refused wherever it ends early", () => {
  const bytes = encodeTail(tails["a branch and a loop that read what is around them"]());
  for (let length = 1; length < bytes.length; length++) {
    assert.throws(() => readOnnx(bytes.subarray(0, length), "net.onnx"), InputError);
  }
});

Deno.test("a tail has no place in another format, which is said before the work", () => {
  const file = readOnnx(encodeTail(tails["boxes that do not overlap, opset 13"]()), "net.onnx");
  for (const [path, format] of [["a.keras"], ["a.tflite"], ["a"], ["a", "graph"]] as const) {
    assert.throws(
      () => refuseUnwritable(path, file, { format }),
      /found operations behind the layers .* "\/selected" \(NonMaxSuppression\).* write an \.onnx file$/,
    );
  }
  refuseUnwritable("a.onnx", file);
});

Deno.test("what is kept and not run is said, and labels count where it only reads classes off", () => {
  const boxes = readOnnx(encodeTail(tails["boxes that do not overlap, opset 13"]()), "net.onnx");
  assert.match(
    noteOnTail(boxes)!,
    /^behind the layers 3 operations are kept as they are and not run \(NonMaxSuppression, Gather, GatherND\); what is measured is what the layers give: "\w+", "\w+"$/,
  );
  assert.match(
    reasonInTail(boxes)!,
    /make the model's outputs \(NonMaxSuppression, Gather, GatherND\)/,
  );
  const [g, x] = begin();
  const scores = g.linear(g.node("Flatten", [g.node("GlobalAveragePool", [x])]), 4, 3);
  const best = { name: g.node("ArgMax", [scores], { axis: 1 }), dataType: DATA_TYPES.int64 };
  assert.equal(reasonInTail(readOnnx(encodeTail({ g, outputs: [best] }), "net.onnx")), undefined);
});
