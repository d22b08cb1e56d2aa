import assert from "node:assert/strict";
import { InputError } from "../../../src/base/errors.ts";
import { decodeTflite } from "../../../src/formats/tflite/read/decode.ts";
import { readTflite } from "../../../src/formats/tflite/read/read.ts";
import { OPERATOR_CODES, TENSOR_TYPES } from "../../../src/formats/tflite/model.ts";
import { encodeTflite } from "../../../src/formats/tflite/write/encode.ts";
import { writeTflite } from "../../../src/formats/tflite/write/write.ts";
import { refuseUnwritable } from "../../../src/formats/save_model.ts";
import { startBackend } from "../../../src/kernels/backend.ts";
import { loadLiteRt } from "../../../src/runtimes/litert.ts";
import { createRandom } from "../../../src/base/random.ts";
import { pruneWithoutData } from "../../../src/pruning/without_data/prune_without_data.ts";
import { sketchDetector, tails, TfliteSketch } from "./tails.ts";

await startBackend();

const TOLERANCE = 1e-4;

interface Result {
  readonly name: string;
  readonly type: string;
  readonly shape: readonly number[];
  readonly values: readonly number[];
}

/** What LiteRT makes of a file. */
async function run(bytes: Uint8Array, seed = 5): Promise<Result[]> {
  const { loadAndCompile, Tensor } = await loadLiteRt();
  const model = await loadAndCompile(bytes, { accelerator: "wasm" });
  const random = createRandom(seed);
  const given = model.getInputDetails().map(({ shape, dtype }) => {
    const extents = Array.from(shape);
    const count = extents.reduce((product, extent) => product * extent, 1);
    const values = Array.from({ length: count }, () => random() * 4 - 2);
    const isWhole = dtype === "int32";
    const data = isWhole
      ? Int32Array.from(values, (value) => Math.round(value * 30))
      : Float32Array.from(values);
    return new Tensor(data, extents);
  });
  const made = await model.run(given);
  const names = model.getOutputDetails().map(({ name }) => name);
  const results = made.map((tensor, index) => ({
    name: names[index],
    type: tensor.type.dtype,
    shape: Array.from(tensor.type.layout.dimensions),
    values: Array.from(tensor.toTypedArray(), Number),
  }));
  for (const tensor of [...given, ...made]) tensor.delete();
  model.delete();
  return results;
}

function assertSame(found: readonly Result[], wanted: readonly Result[]): void {
  const describe = ({ name, type, shape }: Result) => ({ name, type, shape });
  assert.deepEqual(found.map(describe), wanted.map(describe));
  found.forEach(({ values, name }, index) =>
    values.forEach((value, place) => {
      const other = wanted[index].values[place];
      assert.ok(Math.abs(value - other) <= TOLERANCE * Math.max(1, Math.abs(other)), name);
    })
  );
}

/** What a file says of what goes in and out. */
function describeEnds(bytes: Uint8Array) {
  const { subgraphs, signatures } = decodeTflite(bytes, "net.tflite");
  const [{ tensors = [], inputs = [], outputs = [] }] = subgraphs!;
  const describe = (index: number) => {
    const { name, shape, type, quantization } = tensors[index];
    return { name, shape, type, quantization };
  };
  const signature = (["inputs", "outputs"] as const).map((side) =>
    signatures![0][side]!.map(({ name, tensor = 0 }) => [name, describe(tensor)])
  );
  return { inputs: inputs.map(describe), outputs: outputs.map(describe), signature };
}

Deno.test("a .tflite file is written back with its tail: the same names, types and shapes, and the same outputs", async (t) => {
  for (const [name, build] of Object.entries(tails)) {
    await t.step(name, async () => {
      const bytes = build();
      const file = readTflite(bytes, "net.tflite");
      const written = writeTflite(file);
      assert.deepEqual(describeEnds(written), describeEnds(bytes));
      const wanted = await run(bytes);
      assertSame(await run(written), wanted);
      assertSame(await run(writeTflite(readTflite(written, "again.tflite"))), wanted);
    });
  }
});

Deno.test("a pruned .tflite file keeps its tail", async (t) => {
  for (const [name, build] of Object.entries(tails)) {
    await t.step(name, async () => {
      const bytes = build();
      const { file: smaller, report } = await pruneWithoutData({
        model: readTflite(bytes, "net.tflite"),
        policy: { kind: "budget", share: 0.7 },
      });
      assert.ok(report.macs.after < report.macs.before);
      const written = writeTflite(smaller);
      assert.deepEqual(describeEnds(written), describeEnds(bytes));
      const describe = ({ name, type, shape }: Result) => ({ name, type, shape });
      assert.deepEqual((await run(written)).map(describe), (await run(bytes)).map(describe));
    });
  }
});

Deno.test("custom operations keep their options, their constants and all that they make", async () => {
  const g = sketchDetector();
  const bytes = g.encode([g.image], g.ends);
  const { file: smaller } = await pruneWithoutData({
    model: readTflite(bytes, "ssd.tflite"),
    policy: { kind: "budget", share: 0.7 },
  });
  const written = writeTflite(smaller);
  assert.deepEqual(describeEnds(written), describeEnds(bytes));
  const [before, after] = [bytes, written].map((each) => {
    const { operatorCodes, subgraphs: [graph] = [], buffers } = decodeTflite(each, "ssd.tflite");
    const { code = 0, customOptions, inputs = [] } = graph!.operators!.at(-1)!;
    const anchors = graph!.tensors![inputs[2]];
    return {
      code: operatorCodes![code],
      options: [...customOptions!],
      anchors: [...buffers![anchors.buffer!].data!],
      read: inputs.map((index) => graph!.tensors![index].name),
    };
  });
  assert.deepEqual(after, before);
});

Deno.test("graphs of branches stay as they are", () => {
  const g = sketchDetector();
  const [boxes, , , count] = g.ends;
  const flag = g.node("GREATER", [count, g.constant(Float32Array.of(3), [1])], [
    g.tensor([1], TENSOR_TYPES.bool),
  ], ["GreaterOptions", {}]);
  const chosen = g.node("IF", [flag, boxes], [g.tensor([1, 10, 4])], ["IfOptions", {
    then: 1,
    else: 2,
  }]);
  const model = decodeTflite(g.encode([g.image], [chosen]), "ssd.tflite");
  const neg = model.operatorCodes!.length;
  const branch = (code: number) => ({
    tensors: [{ name: "in", shape: [1, 10, 4] }, { name: "out", shape: [1, 10, 4] }],
    ...{ inputs: [0], outputs: [1], operators: [{ code, inputs: [0], outputs: [1] }] },
  });
  const bytes = encodeTflite({
    ...model,
    operatorCodes: [
      ...model.operatorCodes!,
      ...[OPERATOR_CODES.NEG, OPERATOR_CODES.ABS].map((code) => ({
        code,
        deprecatedCode: code,
        version: 1,
      })),
    ],
    subgraphs: [...model.subgraphs!, branch(neg), branch(neg + 1)],
  });
  const written = decodeTflite(writeTflite(readTflite(bytes, "ssd.tflite")), "ssd.tflite");
  const names = written.subgraphs!.slice(1).map(({ operators, tensors }) => [
    written.operatorCodes![operators![0].code!].code,
    tensors!.map(({ name }) => name).join(),
  ]);
  assert.deepEqual(names, [[OPERATOR_CODES.NEG, "in,out"], [OPERATOR_CODES.ABS, "in,out"]]);
  assert.deepEqual(written.subgraphs![0].operators!.at(-1)!.options, { then: 1, else: 2 });
});

function refuses(bytes: Uint8Array, message: RegExp): void {
  assert.throws(() => readTflite(bytes, "bad.tflite"), (error: Error) => {
    assert.ok(error instanceof InputError, String(error));
    assert.match(error.message, message);
    return true;
  });
}

Deno.test("what has a kernel behind an operation that is not understood is refused, and that is named", () => {
  const g = new TfliteSketch();
  const x = g.tensor([1, 8, 8, 3]);
  const strange = g.node("L2_NORMALIZATION", [g.conv(x, 4, 1)], [g.tensor([1, 8, 8, 4])]);
  refuses(
    g.encode([x], [g.conv(strange, 2)]),
    /\(L2_NORMALIZATION\) is no operation that can be read/,
  );
});

Deno.test("damaged tails are refused", () => {
  const g = sketchDetector();
  const early = g.encode([g.image], g.ends);
  for (let length = 8; length < early.length; length += 61) {
    refuses(early.slice(0, length), /^reading/);
  }
  const circle = new TfliteSketch();
  const x = circle.tensor([1, 8, 8, 3]);
  const maps = circle.conv(x, 4);
  const [first, second] = [circle.tensor([1]), circle.tensor([1])];
  circle.node("custom A", [maps, second], [first]);
  circle.node("custom B", [first], [second]);
  refuses(
    circle.encode([x], [second]),
    /as input of node "t\d+" \(custom A\), which nothing ahead/,
  );
  const strange = new TfliteSketch();
  const image = strange.tensor([1, 8, 8, 3]);
  const made = strange.tensor([1]);
  strange.node("custom A", [strange.conv(image, 4)], [made], undefined, { optionsType: 114 });
  refuses(
    strange.encode([image], [made]),
    /found options of custom A of which nothing is known here/,
  );
});

Deno.test("a tail of a .tflite file has no place elsewhere, and fixes the batch", () => {
  const g = sketchDetector();
  const file = readTflite(g.encode([g.image], g.ends), "ssd.tflite");
  for (const [path, format] of [["a.keras"], ["a.onnx"], ["a"], ["a", "graph"]] as const) {
    assert.throws(
      () => refuseUnwritable(path, file, { format }),
      /\(custom TFLite_Detection_PostProcess\), .* write a \.tflite file$/,
    );
  }
  refuseUnwritable("a.tflite", file);
  assert.throws(
    () => writeTflite(file, { batch: 4 }),
    /wanted 1, as what is kept behind the layers/,
  );
});
