import assert from "node:assert/strict";
import { openHdf5 } from "../../../src/formats/keras/hdf5/hdf5_object.ts";
import { toFloat32 } from "../../../src/formats/keras/hdf5/to_float32.ts";
import {
  type ArrayNode,
  type GroupNode,
  writeHdf5,
} from "../../../src/formats/keras/hdf5/write_hdf5.ts";
import { encodeWithLibrary, type FixtureArray, readElements, withLibrary } from "./hdf5_fixture.ts";

const COUNTING = Float32Array.from({ length: 35 }, (_, index) => index - 3.5);

function openArray(array: FixtureArray) {
  return openHdf5(encodeWithLibrary({ members: { array } }), "a.h5").find("array")!.read();
}

Deno.test("attributes are read: long text, lists of names, none", () => {
  const text = "é{}".repeat(40_000);
  const names = ["conv/kernel:0", "conv/bias:0"];
  const bytes = encodeWithLibrary({
    attributes: { model_config: text, weight_names: names },
    members: { group: {}, count: { data: [1], shape: [1], dtype: "<i" } },
  });
  const root = openHdf5(bytes, "a.h5");
  assert.deepEqual(root.attribute("model_config"), [text]);
  assert.deepEqual(root.attribute("weight_names"), names);
  assert.equal(root.attribute("other"), undefined);
  assert.equal(root.find("group")?.attribute("weight_names"), undefined);
});

Deno.test("groups of many members are read by name and by path", () => {
  const layers = Object.fromEntries(
    Array.from({ length: 300 }, (_, index) => [
      `layer_${index}`,
      { members: { vars: { attributes: { name: `n${index}` } } } },
    ]),
  );
  const root = openHdf5(encodeWithLibrary({ members: { layers: { members: layers } } }), "a.h5");
  assert.equal(root.find("layers")?.names.length, 300);
  assert.deepEqual(root.find("layers/layer_217/vars")?.attribute("name"), ["n217"]);
  assert.equal(root.find("layers/layer_300/vars"), undefined);
  assert.equal(root.find("layers/layer_3/vars/0"), undefined);
});

Deno.test("groups of HDF5's newer form are read", () => {
  const members = { a: { attributes: { name: "x" } }, b: {} };
  const root = openHdf5(encodeWithLibrary({ members }, "latest"), "a.h5");
  assert.deepEqual(root.names.sort(), ["a", "b"]);
  assert.deepEqual(root.find("a")?.attribute("name"), ["x"]);
});

Deno.test("arrays of every precision become f32, in one piece or in compressed chunks", () => {
  for (
    const [dtype, data] of [
      ["<f", COUNTING],
      ["<d", Float64Array.from(COUNTING)],
    ] as const
  ) {
    const layouts = [{}, { chunks: [2, 3], compression: 4 }, { chunks: [5, 7], compression: 1 }];
    for (const layout of layouts) {
      const stored = openArray({ data, shape: [5, 7], dtype, ...layout });
      assert.deepEqual(stored.shape, [5, 7]);
      assert.deepEqual(toFloat32(stored), COUNTING);
    }
  }
});

Deno.test("chunks of three axes are put together in row-major order", () => {
  const data = Float32Array.from({ length: 4 * 5 * 6 }, (_, index) => index);
  const stored = openArray({ data, shape: [4, 5, 6], dtype: "<f", chunks: [3, 2, 4] });
  assert.deepEqual(toFloat32(stored), data);
});

Deno.test("half precision of both kinds is widened, big-endian is turned round, integers are no floats", () => {
  const halves = Uint8Array.of(0x00, 0x3c, 0x00, 0xc1);
  const datatype = { kind: "float", bytes: 2, littleEndian: true, signed: false } as const;
  const array = { shape: [2], datatype, bytes: halves };
  assert.deepEqual(toFloat32(array), Float32Array.of(1, -2.5));
  const turned = { ...datatype, littleEndian: false };
  const swapped = Uint8Array.of(0x3c, 0x00, 0xc1, 0x00);
  assert.deepEqual(
    toFloat32({ ...array, datatype: turned, bytes: swapped }),
    Float32Array.of(1, -2.5),
  );
  const brains = Uint8Array.of(0x80, 0x3f, 0x20, 0xc0);
  const brain = { ...array, datatype: { ...datatype, kind: "bfloat" as const }, bytes: brains };
  assert.deepEqual(toFloat32(brain), Float32Array.of(1, -2.5));
  const opaque = { ...brain, datatype: { ...datatype, kind: "other" as const } };
  assert.equal(toFloat32(opaque), undefined);
  assert.deepEqual(toFloat32(opaque, true), Float32Array.of(1, -2.5));
  assert.equal(toFloat32(openArray({ data: [1, 2], shape: [2], dtype: "<i" })), undefined);
});

Deno.test("the HDF5 library reads what is written, and so do we", () => {
  const group = (members: [string, GroupNode | ArrayNode][]) => ({
    members: new Map(members),
  });
  const layers = Array.from({ length: 300 }, (_, index): [string, GroupNode] => [
    `conv2d_${index}`,
    group([["vars", group([["0", { shape: [5, 7], values: COUNTING.map((x) => x + index) }]])]]),
  ]);
  const bytes = writeHdf5({
    members: new Map<string, GroupNode | ArrayNode>([
      ["vars", group([])],
      ["layers", group(layers)],
      ["scalar", { shape: [], values: Int32Array.of(-7) }],
      ["empty", { shape: [0, 3], values: new Int32Array(0) }],
    ]),
  });
  const wanted = COUNTING.map((x) => x + 299);
  withLibrary(bytes, (file) => {
    assert.deepEqual(file.keys().sort(), ["empty", "layers", "scalar", "vars"]);
    const array = file.get("layers/conv2d_299/vars/0") as { value: unknown; shape: unknown };
    assert.deepEqual(array.value, wanted);
    assert.deepEqual(array.shape, [5, 7]);
    assert.equal((file.get("scalar") as { value: unknown }).value, -7);
    assert.deepEqual((file.get("empty") as { shape: unknown }).shape, [0, 3]);
  });
  const root = openHdf5(bytes, "a.h5");
  assert.deepEqual(toFloat32(root.find("layers/conv2d_299/vars/0")!.read()), wanted);
  assert.equal(root.find("layers")?.names.length, 300);
});

Deno.test("an array that does not fit its shape, and a name with a slash, are RangeErrors", () => {
  const write = (name: string, shape: number[]) =>
    writeHdf5({ members: new Map([[name, { shape, values: new Float32Array(2) }]]) });
  assert.throws(() => write("a", [3]), {
    name: "RangeError",
    message: /found 2 values, wanted 3 for shape \[3\]/,
  });
  assert.throws(() => write("a/b", [2]), RangeError);
});

Deno.test("half precision is written as the HDF5 library declares it, and read back", () => {
  const values = Float16Array.of(1, -2.5, 65504, 2 ** -24, 0.1, -0);
  const bytes = writeHdf5({ members: new Map([["half", { shape: [2, 3], values }]]) });
  const elements = withLibrary(bytes, (file) => {
    const array = file.get("half") as unknown as { dtype: string; shape: number[] };
    assert.deepEqual([array.dtype, array.shape], ["<e", [2, 3]]);
    return readElements(array);
  });
  assert.deepEqual(new Float16Array(elements.buffer), values);
  const ieeeF16 = [0x11, 0x20, 15, 0, 2, 0, 0, 0, 0, 0, 16, 0, 10, 5, 0, 10, 15, 0, 0, 0];
  assert.ok(bytes.toHex().includes(Uint8Array.from(ieeeF16).toHex()), "H5T_IEEE_F16LE");
  const stored = openHdf5(bytes, "half.h5").find("half")!.read();
  assert.deepEqual(toFloat32(stored), Float32Array.from(values));
});
