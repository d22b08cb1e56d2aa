import assert from "node:assert/strict";
import {
  addProduct,
  rowMajor,
  transposed,
} from "../../../../../src/pruning/policy/auto/agent/matrix.ts";
import { createRandom } from "../../../../../src/base/random.ts";

const SIZES = [1, 2, 3, 4, 5, 8, 9];

/** S + A · B, one element after the other; B is depth × columns, rows one behind the other. */
function naiveProduct(
  a: Float64Array,
  b: Float64Array,
  sum: Float64Array,
  { depth, columns }: { depth: number; columns: number },
): Float64Array {
  return sum.map((start, index) => {
    const [row, column] = [Math.floor(index / columns), index % columns];
    let total = 0;
    for (let step = 0; step < depth; step++) {
      total += a[row * depth + step] * b[step * columns + column];
    }
    return start + total;
  });
}

function transposeOf(values: Float64Array, rows: number, columns: number): Float64Array {
  return values.map((_, index) => values[(index % rows) * columns + Math.floor(index / rows)]);
}

Deno.test("addProduct() is the naive product, either factor transposed or not", () => {
  const random = createRandom(1);
  const draw = (length: number) => Float64Array.from({ length }, random);
  for (const rows of SIZES) {
    for (const depth of SIZES) {
      for (const columns of SIZES) {
        const [a, b, sum] = [draw(rows * depth), draw(depth * columns), draw(rows * columns)];
        const wanted = naiveProduct(a, b, sum, { depth, columns });
        const lefts = [
          rowMajor(a, depth),
          transposed(rowMajor(transposeOf(a, rows, depth), rows)),
        ];
        const rights = [
          rowMajor(b, columns),
          transposed(rowMajor(transposeOf(b, depth, columns), depth)),
        ];
        for (const left of lefts) {
          for (const right of rights) {
            const found = sum.slice();
            addProduct(left, right, found, { rows, depth, columns });
            found.forEach((value, index) => assert.ok(Math.abs(value - wanted[index]) < 1e-12));
          }
        }
      }
    }
  }
});
