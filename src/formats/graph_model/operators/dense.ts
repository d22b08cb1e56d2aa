import { transposeMatrix } from "../../import/mod.ts";
import type { NodeCall } from "../node_call.ts";
import type { Feature } from "../values.ts";
import { addFused } from "./fused.ts";

/** MatMul by a constant, with whatever is fused to it: Dense. */
export function importMatMul(call: NodeCall): Feature {
  const value = call.feature();
  const given = call.constant(1);
  if (call.flag("transpose_a") || call.flag("adj_x")) {
    throw call.refusal(`transposes its first input; use a Dense layer instead`);
  }
  const isTransposed = call.flag("transpose_b") || call.flag("adj_y");
  const isMatrix = given.shape.length === 2;
  const matrix = isMatrix && isTransposed ? transposeMatrix(given) : given;
  const [rows, units] = matrix.shape;
  if (!isMatrix || rows !== call.channelsOf(value) || !(units > 0)) {
    throw call.refusal(
      `multiplies [N, ${value.shape.join(", ")}] by [${given.shape.join(", ")}], ` +
        `wanted a matrix with as many rows as the last axis has values`,
    );
  }
  const kernel = { shape: matrix.shape, values: Float32Array.from(matrix.values) };
  const config = { units, activation: "linear", use_bias: false };
  const layer = call.addLayer("Dense", [value], config, { kernel });
  const shape = value.shape.with(-1, units);
  return addFused(call, call.result(layer, value, { shape, nonNegative: false }));
}
