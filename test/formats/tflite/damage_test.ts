import assert from "node:assert/strict";
import { InputError } from "../../../src/base/errors.ts";
import { readTflite } from "../../../src/formats/tflite/read/read.ts";
import {
  OPERATOR_CODES,
  type OperatorName,
  TENSOR_TYPES,
  type TfliteModel,
  type TfliteOperator,
  type TfliteTensor,
} from "../../../src/formats/tflite/model.ts";
import { OPTIONS_TYPES } from "../../../src/formats/tflite/schema.ts";
import { encodeTflite } from "../../../src/formats/tflite/write/encode.ts";
import { writeTflite } from "../../../src/formats/tflite/write/write.ts";
import { startBackend } from "../../../src/kernels/backend.ts";
import { buildNetworkFile } from "../../support/networks.ts";
import { differenceOf, randomMaps } from "../onnx/runtime.ts";
import { runTfjs } from "../../support/run_tfjs.ts";
import { runLiteRt } from "./runtime.ts";

await startBackend();

/** A file whose nodes each have an operation of their own. */
function assemble(
  operations: readonly (readonly [OperatorName, Omit<TfliteOperator, "code">])[],
  tensors: readonly TfliteTensor[],
  { buffers = [], outputs = [tensors.length - 1] }: {
    buffers?: readonly Uint8Array[];
    outputs?: number[];
  } = {},
): TfliteModel {
  return {
    version: 3,
    operatorCodes: operations.map(([name]) => ({
      deprecatedCode: Math.min(127, OPERATOR_CODES[name]),
      code: OPERATOR_CODES[name],
      version: 1,
    })),
    subgraphs: [{
      tensors,
      inputs: [0],
      outputs,
      operators: operations.map(([, node], code) => ({ ...node, code })),
    }],
    buffers: [{}, ...buffers.map((data) => ({ data }))],
  };
}

function refuse(bytes: Uint8Array, message: RegExp): void {
  assert.throws(() => readTflite(bytes, "bad.tflite"), (error) => {
    assert.ok(error instanceof InputError, String(error));
    assert.match(error.message, message);
    return true;
  });
}

const image = { name: "image", shape: [1, 4, 4, 2] };
const maps = { ...image, name: "maps" };

Deno.test("a file that ends early is refused wherever it ends", async () => {
  const bytes = writeTflite(await buildNetworkFile("plain"));
  for (let end = 8; end < bytes.length; end += 97) {
    refuse(bytes.slice(0, end), /^reading bad\.tflite: /);
  }
});

Deno.test("offsets that leave the file are refused", async () => {
  const bytes = writeTflite(await buildNetworkFile("plain"));
  const far = bytes.slice();
  new DataView(far.buffer).setUint32(0, 0xfffffff0, true);
  refuse(far, /an offset or a length that leads out of the file/);
});

Deno.test("a shape of 2³¹ numbers is refused before memory is spent", () => {
  const huge = { name: "image", shape: [1, 2 ** 30, 2 ** 30, 2] };
  const relu = [["RELU", { inputs: [0], outputs: [1] }]] as const;
  refuse(encodeTflite(assemble(relu, [huge, maps])), /"image" has shape \[1, 1073741824/);
  const weights = { name: "weights", shape: [2 ** 30, 2 ** 30], buffer: 1 };
  const add = [["ADD", { inputs: [0, 1], outputs: [2] }]] as const;
  const buffers = [new Uint8Array(16)];
  refuse(
    encodeTflite(assemble(add, [image, weights, maps], { buffers })),
    /tensor "weights" of shape \[1073741824, 1073741824\] in 16 bytes/,
  );
});

Deno.test("nodes in a circle are refused", () => {
  const circle = [
    ["ADD", { inputs: [0, 2], outputs: [1] }],
    ["RELU", { inputs: [1], outputs: [2] }],
  ] as const;
  const other = { ...maps, name: "other" };
  refuse(
    encodeTflite(assemble(circle, [image, maps, other])),
    /tensor "other" as input of node "maps" \(ADD\), which nothing ahead of it makes/,
  );
});

Deno.test("an operation that is not understood is named with its node", () => {
  for (const name of ["L2_NORMALIZATION", "L2_NORMALIZATION", "WHILE"] as const) {
    const strange = [[name, { inputs: [0], outputs: [1] }]] as const;
    refuse(
      encodeTflite(assemble(strange, [image, maps])),
      new RegExp(`node "maps" \\(${name}\\) is no operation that can be read`),
    );
  }
});

Deno.test("tensors that are not there are refused", () => {
  const relu = [["RELU", { inputs: [7], outputs: [1] }]] as const;
  refuse(encodeTflite(assemble(relu, [image, maps])), /tensor 7 as input of node "maps" \(RELU\)/);
  const lost = { ...maps, buffer: 9 };
  const fine = [["RELU", { inputs: [0], outputs: [1] }]] as const;
  refuse(encodeTflite(assemble(fine, [image, lost])), /tensor "maps" in buffer 9 of 1/);
});

Deno.test("a network of integers becomes the floats that it stands for, and says so", async () => {
  const { int8, int32 } = TENSOR_TYPES;
  const kernel = Int8Array.from({ length: 3 * 3 * 3 * 2 }, (_, index) => index * 37 % 200 - 100);
  const scales = [0.01, 0.02, 0.005];
  const inputScale = 1 / 32;
  const quantized = (scale: number) => ({ scale: [scale], zeroPoint: [3] });
  const tensors: TfliteTensor[] = [
    image,
    { ...maps, name: "integers", type: int8, quantization: quantized(inputScale) },
    {
      name: "kernel",
      shape: [3, 3, 3, 2],
      type: int8,
      buffer: 1,
      quantization: { scale: scales, zeroPoint: [0, 0, 0], axis: 0 },
    },
    {
      name: "bias",
      shape: [3],
      type: int32,
      buffer: 2,
      quantization: {
        scale: scales.map((scale) => scale * inputScale),
        zeroPoint: [0, 0, 0],
        axis: 0,
      },
    },
    { name: "conv", shape: [1, 4, 4, 3], type: int8, quantization: quantized(0.2) },
    { name: "floats", shape: [1, 4, 4, 3] },
  ];
  const windows = { strideWidth: 1, strideHeight: 1, dilationWidth: 1, dilationHeight: 1 };
  const conv = {
    inputs: [1, 2, 3],
    outputs: [4],
    optionsType: OPTIONS_TYPES.get("Conv2DOptions")!,
    options: { ...windows, padding: 0, activation: 0 },
  };
  const model = assemble(
    [
      ["QUANTIZE", { inputs: [0], outputs: [1] }],
      ["CONV_2D", conv],
      ["DEQUANTIZE", { inputs: [4], outputs: [5] }],
    ],
    tensors,
    {
      buffers: [
        new Uint8Array(kernel.buffer),
        new Uint8Array(Int32Array.of(100, -200, 300).buffer),
      ],
    },
  );
  const codes = model.operatorCodes!.map((code, at) => ({ ...code, version: [1, 3, 2][at] }));
  const bytes = encodeTflite({ ...model, operatorCodes: codes });
  const file = readTflite(bytes, "integers.tflite");
  assert.equal(file.metadata?.dequantized, true);
  const images = [randomMaps([1, 4, 4, 2])];
  const difference = differenceOf(await runTfjs(file, images), await runLiteRt(bytes, images));
  assert.ok(difference < 0.05, `${difference}`);
});
