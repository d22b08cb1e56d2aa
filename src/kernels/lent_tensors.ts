import * as tf from "@tensorflow/tfjs";

/** Values that tensors have in common. */
interface LentValues {
  /** The array that was lent; none where all values are zero. */
  readonly values?: tf.TypedArray;
  readonly size: number;
  readonly dtype: tf.DataType;
  /** How many tensors have them. */
  tensors: number;
}

/**
 * Where values stay in arrays of JavaScript until something computes with them: TensorFlow.js moves them to its backend then, as
 * it does from any backend to another.
 */
class LendingBackend extends tf.KernelBackend {
  readonly #lent = new Map<object, LentValues>();

  has(dataId: object): boolean {
    return this.#lent.has(dataId);
  }

  override write(values: tf.TypedArray, shape: number[], dtype: tf.DataType): object {
    const size = tf.util.sizeFromShape(shape);
    const dataId = {};
    this.#lent.set(dataId, {
      ...(values.length === size && { values }),
      size,
      dtype,
      tensors: 1,
    });
    return dataId;
  }

  /** The array itself, as on the CPU backend: what is moved would be copied twice otherwise. */
  override readSync(dataId: object): tf.TypedArray {
    const { values, size, dtype } = this.#lent.get(dataId)!;
    return values ?? tf.util.getTypedArrayFromDType(dtype as "float32", size);
  }

  override read(dataId: object): Promise<tf.TypedArray> {
    return Promise.resolve(this.readSync(dataId));
  }

  override refCount(dataId: object): number {
    return this.#lent.get(dataId)?.tensors ?? 0;
  }

  override incRef(dataId: object): void {
    this.#lent.get(dataId)!.tensors++;
  }

  override disposeData(dataId: object, force = false): boolean {
    const lent = this.#lent.get(dataId);
    if (lent && --lent.tensors > 0 && !force) return false;
    this.#lent.delete(dataId);
    return true;
  }

  override numDataIds(): number {
    return this.#lent.size;
  }

  override floatPrecision(): 32 {
    return 32;
  }
}

const lender = new LendingBackend();
const counting = new WeakSet<object>();

/** TensorFlow.js tells the current backend of one more tensor with some values, wherever they are. */
function countLent(backend: { incRef(dataId: object): void }): void {
  if (counting.has(backend)) return;
  counting.add(backend);
  const { incRef } = backend;
  backend.incRef = (dataId) =>
    lender.has(dataId) ? lender.incRef(dataId) : incRef.call(backend, dataId);
}

function makeTensor(values: tf.TypedArray, shape: number[], dtype: tf.DataType): tf.Tensor {
  countLent(tf.backend());
  return tf.engine().makeTensor(values, shape, dtype, lender);
}

/**
 * A tensor whose values take no memory of the backend before something computes with it.
 *
 * @param values Its values, which nobody may change, nor what is read of the tensor.
 * @param shape Its shape.
 * @param dtype Their type.
 * @returns The tensor; dispose it.
 * @throws {Error} When there are not as many values as the shape has.
 */
export function lendTensor(
  values: tf.TypedArray,
  shape: readonly number[],
  dtype: tf.DataType,
): tf.Tensor {
  if (values.length === tf.util.sizeFromShape([...shape])) {
    return makeTensor(values, [...shape], dtype);
  }
  return tf.tensor(values, [...shape], dtype as tf.NumericDataType);
}

/**
 * The same of zeros, which take no memory at all.
 *
 * @param shape Its shape.
 * @param dtype Type of its values.
 * @returns The tensor; dispose it.
 */
export function lendZeros(shape: readonly number[], dtype: tf.DataType): tf.Tensor {
  return makeTensor(new Float32Array(0), [...shape], dtype);
}
