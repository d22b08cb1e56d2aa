import type { Constant, LayerWeight } from "../../../import/mod.ts";
import type { NodeCall, Operator } from "../node_call.ts";
import { expandPieces, type Feature } from "../../values.ts";
import { inOnnxOrder } from "./reshape.ts";

/** Gemm: α · x · W + β · c. */
function importGemm(call: NodeCall): Feature {
  if (call.number("transA", 0) !== 0) {
    throw call.refusal(`transposes its first input; use a linear layer instead`);
  }
  const alpha = call.number("alpha", 1), beta = call.number("beta", 1);
  const isTransposed = call.number("transB", 0) !== 0;
  return addDense(call, { isTransposed, alpha, bias: call.optionalConstant(2), beta });
}

interface DensePlan {
  /** Whether the kernel is outputs × inputs. */
  readonly isTransposed: boolean;
  readonly alpha: number;
  readonly bias?: Constant;
  readonly beta: number;
}

/** A Dense layer; the rows of its kernel follow the order of the values in the layers. */
function addDense(call: NodeCall, { isTransposed, alpha, bias, beta }: DensePlan): Feature {
  const given = call.feature();
  const value = call.operator === "MatMul" ? withRowsLast(call, given) : given;
  const matrix = call.constant(1);
  const [rows, columns] = isTransposed ? matrix.shape.toReversed() : matrix.shape;
  const isLinear = value.shape.length === 1 || value.isLast;
  if (!isLinear || matrix.shape.length !== 2 || rows !== value.shape.at(-1)) {
    throw call.refusal(
      `multiplies [N, ${value.shape.join(", ")}] by [${matrix.shape.join(", ")}], ` +
        `wanted a vector for every image, or channels that are last, and as many rows as they have values`,
    );
  }
  const order = value.pieces && expandPieces(value.pieces);
  const kernel = new Float32Array(rows * columns);
  for (let row = 0; row < rows; row++) {
    const source = order ? order[row] : row;
    for (let column = 0; column < columns; column++) {
      const at = isTransposed ? column * rows + source : source * columns + column;
      kernel[row * columns + column] = alpha * matrix.values[at];
    }
  }
  const shape = value.shape.with(-1, columns);
  const output: Feature = { ...value, shape, nonNegative: false, pieces: undefined };
  if (bias) call.requirePerChannel(bias, output);
  const numbers = bias && call.perChannel(bias, output).map((number) => number * beta);
  const weights: Record<string, LayerWeight> = {
    kernel: { shape: [rows, columns], values: kernel },
    ...(numbers && { bias: { shape: [columns], values: numbers } }),
  };
  const config = { units: columns, activation: "linear", use_bias: numbers !== undefined };
  return call.result(call.addLayer("Dense", [value], config, weights), output);
}

/** The tensor with the axis last in the layers that is last in ONNX. */
function withRowsLast(call: NodeCall, value: Feature): Feature {
  if (value.shape.length === 1 || value.isLast) return value;
  return inOnnxOrder(call, call.unflatten(value));
}

/** Linear layers. */
export const denseOperators: Readonly<Record<string, Operator>> = {
  Gemm: importGemm,
  MatMul: (call) => addDense(call, { isTransposed: false, alpha: 1, beta: 1 }),
};
