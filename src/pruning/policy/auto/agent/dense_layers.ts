import { addProduct, rowMajor, transposed } from "./matrix.ts";

/** Weights of a dense layer, or their gradients. */
export interface DenseWeights {
  /** W, inputs × outputs. */
  readonly kernel: Float64Array;
  /** b, one per output. */
  readonly bias: Float64Array;
}

/** Weights of a layer normalization, or their gradients. */
export interface NormWeights {
  /** g, one per unit. */
  readonly gain: Float64Array;
  /** s, one per unit. */
  readonly shift: Float64Array;
}

/** What the backward pass of a normalization needs of the forward pass. */
export interface NormTrace {
  /** x̂, rows × units. */
  readonly normalized: Float64Array;
  /** 1 / σ of every row. */
  readonly scale: Float64Array;
}

/** Keeps σ from 0 where all units of a row are equal. */
const EPSILON = 1e-5;

/**
 * Y = X · W + b.
 *
 * @param weights W and b.
 * @param input X, rows × inputs.
 * @param output Y, rows × outputs; overwritten.
 * @param rows Rows.
 */
export function denseForward(
  { kernel, bias }: DenseWeights,
  input: Float64Array,
  output: Float64Array,
  rows: number,
): void {
  const columns = bias.length;
  const depth = kernel.length / columns;
  for (let row = 0; row < rows; row++) output.set(bias, row * columns);
  addProduct(rowMajor(input, depth), rowMajor(kernel, columns), output, { rows, depth, columns });
}

/**
 * ∂L/∂X = ∂L/∂Y · Wᵀ.
 *
 * @param weights W and b.
 * @param outputGradient ∂L/∂Y, rows × outputs.
 * @param inputGradient ∂L/∂X, rows × inputs; overwritten.
 * @param rows Rows.
 */
export function denseBackwardInput(
  { kernel, bias }: DenseWeights,
  outputGradient: Float64Array,
  inputGradient: Float64Array,
  rows: number,
): void {
  const depth = bias.length;
  const columns = kernel.length / depth;
  inputGradient.fill(0, 0, rows * columns);
  const right = transposed(rowMajor(kernel, depth));
  addProduct(rowMajor(outputGradient, depth), right, inputGradient, { rows, depth, columns });
}

/**
 * ∂L/∂W += Xᵀ · ∂L/∂Y and ∂L/∂b += Σ over rows of ∂L/∂Y.
 *
 * @param gradients Gradients of W and b; added to.
 * @param input X, rows × inputs.
 * @param outputGradient ∂L/∂Y, rows × outputs.
 * @param rows Rows.
 */
export function denseBackwardWeights(
  { kernel, bias }: DenseWeights,
  input: Float64Array,
  outputGradient: Float64Array,
  rows: number,
): void {
  const columns = bias.length;
  const inputs = kernel.length / columns;
  const size = { rows: inputs, depth: rows, columns };
  addProduct(transposed(rowMajor(input, inputs)), rowMajor(outputGradient, columns), kernel, size);
  for (let row = 0; row < rows; row++) {
    const start = row * columns;
    for (let column = 0; column < columns; column++) bias[column] += outputGradient[start + column];
  }
}

/**
 * Layer normalization (Ba et al. 2016, arXiv 1607.06450, eq. 4) and ReLU, of every row:
 *
 *     x̂ = (x − μ) / σ,    y = max(0, g · x̂ + s),    μ the mean of the row, σ² its variance + 1e-5.
 *
 * @param weights g and s.
 * @param values x, rows × units; y takes its place.
 * @param trace x̂ and 1 / σ; overwritten.
 * @param rows Rows.
 */
export function normForward(
  { gain, shift }: NormWeights,
  values: Float64Array,
  { normalized, scale }: NormTrace,
  rows: number,
): void {
  const units = gain.length;
  for (let row = 0; row < rows; row++) {
    const start = row * units;
    let mean = 0;
    for (let unit = 0; unit < units; unit++) mean += values[start + unit];
    mean /= units;
    let variance = 0;
    for (let unit = 0; unit < units; unit++) variance += (values[start + unit] - mean) ** 2;
    const factor = 1 / Math.sqrt(variance / units + EPSILON);
    scale[row] = factor;
    for (let unit = 0; unit < units; unit++) {
      const hat = (values[start + unit] - mean) * factor;
      normalized[start + unit] = hat;
      values[start + unit] = Math.max(0, gain[unit] * hat + shift[unit]);
    }
  }
}

/**
 * The way back through {@link normForward}. With h = ∂L/∂y where y > 0, else 0, and averages over the units of a row:
 *
 *     ∂L/∂x = (g · h − avg(g · h) − x̂ · avg(g · h · x̂)) / σ.
 *
 * @param weights g and s.
 * @param trace What the forward pass left.
 * @param gradient ∂L/∂y, rows × units; ∂L/∂x takes its place.
 * @param rows Rows.
 * @param into Gradients of g and s, added to; none are wanted when absent.
 */
export function normBackward(
  { gain, shift }: NormWeights,
  { normalized, scale }: NormTrace,
  gradient: Float64Array,
  rows: number,
  into?: NormWeights,
): void {
  const units = gain.length;
  for (let row = 0; row < rows; row++) {
    const start = row * units;
    let average = 0, slope = 0;
    for (let unit = 0; unit < units; unit++) {
      const hat = normalized[start + unit];
      const passed = gain[unit] * hat + shift[unit] > 0 ? gradient[start + unit] : 0;
      if (into) {
        into.gain[unit] += passed * hat;
        into.shift[unit] += passed;
      }
      const own = gain[unit] * passed;
      gradient[start + unit] = own;
      average += own;
      slope += own * hat;
    }
    average /= units;
    slope /= units;
    for (let unit = start; unit < start + units; unit++) {
      gradient[unit] = (gradient[unit] - average - normalized[unit] * slope) * scale[row];
    }
  }
}
