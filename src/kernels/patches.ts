import type * as tf from "@tensorflow/tfjs";
import { type Geometry, outputSize } from "./geometry.ts";
import type { Kernels } from "./load.ts";

/**
 * Gathers what a convolution sees at sampled output positions (im2col of a few positions).
 *
 * Row p holds the receptive field of position p, zero outside the image, in the order of a flattened tfjs kernel:
 * column (ky·kw + kx)·c + channel. Hence `patches · kernel.reshape([kh·kw·c, n])` is the convolution at those positions.
 *
 * @param kernels The kernels.
 * @param input Images, N × H × W × c.
 * @param positions Triples (image, output row, output column), one per sample; P of them.
 * @param geometry The convolution's window.
 * @returns Patches, P × (kh·kw·c); the caller disposes them.
 * @throws {RangeError} When a position lies outside the output, or the window does not fit.
 * @throws {TypeError} When the input is not a float32 tensor of rank 4 or positions are not triples.
 */
export function samplePatches(
  kernels: Kernels,
  input: tf.Tensor4D,
  positions: Int32Array,
  geometry: Geometry,
): tf.Tensor2D {
  if (input.rank !== 4 || input.dtype !== "float32") {
    throw new TypeError(
      `sample patches: ${input.dtype} input of rank ${input.rank}, wanted float32 of rank 4 (NHWC)`,
    );
  }
  const [images, height, width, channels] = input.shape;
  const { size, padBefore } = outputSize([height, width], geometry);
  checkPositions(positions, images, size);

  const count = positions.length / 3;
  const [kernelHeight, kernelWidth] = geometry.kernel;
  const { memory, wasm } = kernels;
  const patches = memory.makeTensor<tf.Tensor2D>([count, kernelHeight * kernelWidth * channels]);
  try {
    memory.withScratch({ positions: positions.byteLength }, (scratch) => {
      memory.i32(scratch.positions, positions.length).set(positions);
      wasm.samplePatches(
        memory.tensorPointer(input),
        height,
        width,
        channels,
        scratch.positions,
        count,
        kernelHeight,
        kernelWidth,
        ...geometry.strides,
        ...geometry.dilations,
        ...padBefore,
        patches.pointer,
      );
    });
  } catch (error) {
    patches.tensor.dispose();
    throw error;
  }
  return patches.tensor;
}

function checkPositions(positions: Int32Array, images: number, size: [number, number]): void {
  if (positions.length % 3 !== 0) {
    throw new TypeError(
      `sample patches: ${positions.length} numbers given as positions, wanted (image, row, column) triples`,
    );
  }
  const [rows, columns] = size;
  for (let at = 0; at < positions.length; at += 3) {
    const image = positions[at], row = positions[at + 1], column = positions[at + 2];
    const inside = image >= 0 && image < images && row >= 0 && row < rows && column >= 0 &&
      column < columns;
    if (!inside) {
      throw new RangeError(
        `sample patches: position ${at / 3} is (${image}, ${row}, ${column}), ` +
          `wanted one in ${images} images of ${rows}×${columns} outputs`,
      );
    }
  }
}
