import * as tf from "@tensorflow/tfjs";
import { isFirstCall, type LayerGraph } from "../../graph/mod.ts";
import { lendTensor } from "../../kernels/mod.ts";

/**
 * Bytes of a matrix beyond which the backend never holds it whole. It packs what it multiplies with beside it, which doubles
 * what a first Dense layer behind Flatten takes.
 */
const LARGE = 2 ** 25;

/**
 * Bytes of a network's weights that the backend holds while it runs.
 *
 * @param graph The network.
 * @returns The bytes, without Dense kernels that go through in parts.
 */
export function heldWeightBytes({ nodes }: LayerGraph): number {
  let bytes = 0;
  for (const node of nodes.filter(isFirstCall)) {
    for (const [role, { values }] of node.weights) {
      const isLent = node.className === "Dense" && role === "kernel" && values.byteLength > LARGE;
      if (!isLent) bytes += values.byteLength;
    }
  }
  return bytes;
}

/** Bytes of a part of a large one. */
const PART = 2 ** 24;

/** Some rows of a matrix. */
interface Part {
  readonly first: number;
  readonly rows: number;
}

/** The kernel of a layer as a matrix to multiply with; where it is large it stays in its array and goes through in parts. */
export class KernelMatrix {
  readonly #values: Float32Array;
  readonly #columns: number;
  /** The whole matrix, where it is not large. */
  readonly #whole?: tf.Tensor2D;
  readonly #parts: readonly Part[] = [];

  /**
   * @param values The matrix, rows × columns, which nobody may change.
   * @param shape Rows and columns.
   * @param large Bytes from which on it stays in its array. Default 32 MiB.
   */
  constructor(values: Float32Array, [rows, columns]: readonly number[], large = LARGE) {
    this.#values = values;
    this.#columns = columns;
    if (values.byteLength <= large) {
      this.#whole = tf.tensor2d(values, [rows, columns]);
      return;
    }
    const most = Math.max(1, Math.floor(rows * Math.min(PART, large) / values.byteLength));
    this.#parts = Array.from({ length: Math.ceil(rows / most) }, (_, part) => ({
      first: part * most,
      rows: Math.min(most, rows - part * most),
    }));
  }

  /**
   * X times the matrix.
   *
   * @param x X, P × rows.
   * @param bias Added to every row of the product. Default: nothing.
   * @returns P × columns.
   */
  multiply(x: tf.Tensor2D, bias?: tf.Tensor1D): tf.Tensor2D {
    if (this.#whole) return product(x, this.#whole, bias);
    return tf.tidy(() => {
      const [start, ...others] = this.#parts;
      let sum = this.#multiplyPart(x, start, bias);
      for (const part of others) {
        const before = sum;
        sum = tf.tidy(() => before.add(this.#multiplyPart(x, part)));
        before.dispose();
      }
      return sum;
    });
  }

  #multiplyPart(x: tf.Tensor2D, part: Part, bias?: tf.Tensor1D): tf.Tensor2D {
    return tf.tidy(() => {
      const own = x.slice([0, part.first], [x.shape[0], part.rows]);
      return product(own, this.#partOf(part), bias);
    });
  }

  /**
   * X times the matrix transposed.
   *
   * @param x X, P × columns.
   * @returns P × rows.
   */
  multiplyTransposed(x: tf.Tensor2D): tf.Tensor2D {
    if (this.#whole) return tf.matMul(x, this.#whole, false, true);
    return tf.tidy(() =>
      tf.concat2d(
        this.#parts.map((part) => tf.tidy(() => tf.matMul(x, this.#partOf(part), false, true))),
        1,
      )
    );
  }

  #partOf({ first, rows }: Part): tf.Tensor2D {
    const values = this.#values.subarray(first * this.#columns, (first + rows) * this.#columns);
    return lendTensor(values, [rows, this.#columns], "float32") as tf.Tensor2D;
  }

  /** Frees what the backend holds. */
  dispose(): void {
    this.#whole?.dispose();
  }
}

function product(a: tf.Tensor2D, b: tf.Tensor2D, bias?: tf.Tensor1D): tf.Tensor2D {
  return tf.fused.matMul({ a, b, bias }) as tf.Tensor2D;
}
