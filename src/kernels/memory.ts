import * as tf from "@tensorflow/tfjs";
import { InputError } from "../base/mod.ts";

/** The part of the tfjs WASM backend that kernels need; `BackendWasm` fits it. */
interface SharedBackend {
  wasm: {
    asm: { memory: WebAssembly.Memory };
    _malloc(bytes: number): number;
    _free(pointer: number): void;
  };
  dataIdMap: { get(dataId: object): { memoryOffset: number } };
  makeOutput(shape: number[], dtype: tf.DataType): tf.TensorInfo;
  incRef(dataId: object): void;
}

function isSharedBackend(backend: object): backend is SharedBackend {
  return "wasm" in backend && "dataIdMap" in backend && "makeOutput" in backend;
}

/**
 * Requests above this are refused here: near 2³² the backend's malloc wraps around and returns a piece that is far too
 * small.
 */
const LARGEST_REQUEST = 0xf000_0000;

/** What the backend's memory grows to at most. */
const LARGEST_MEMORY = 2 ** 32 - 2 ** 16;

/**
 * Bytes that stay free for what kernels reserve inside of them, such as packed filters, where no guard can stand: there a
 * failure is silent.
 */
const KERNEL_RESERVE = 2 ** 27;

/** Reserves bytes or throws; the answer of the backend's own `malloc` to what it cannot give is address 0. */
function guardedMalloc(
  { asm: { memory } }: SharedBackend["wasm"],
  malloc: (bytes: number) => number,
  free: (pointer: number) => void,
): (bytes: number) => number {
  // The backend returns a signed number, negative above two gigabytes.
  const tryMalloc = (bytes: number) => bytes <= LARGEST_REQUEST ? malloc(bytes) >>> 0 : 0;
  return (bytes) => {
    const pointer = bytes >= 0 ? tryMalloc(bytes) : 0;
    const isNearlyFull = memory.buffer.byteLength + KERNEL_RESERVE > LARGEST_MEMORY;
    const reserve = isNearlyFull && pointer !== 0 ? tryMalloc(KERNEL_RESERVE) : pointer;
    if (isNearlyFull && reserve !== 0) free(reserve);
    if (bytes === 0 || reserve !== 0) return pointer;
    if (pointer !== 0) free(pointer);
    throw new InputError(
      `reserving ${bytes} bytes of WASM memory: found ${memory.buffer.byteLength} in use, wanted ` +
        "room for them below 4 GiB; use smaller batches, smaller images or fewer channels at a time",
    );
  };
}

/**
 * Guards the one place where the backend reserves memory for tensors, so that every kernel, stock or ours, throws where
 * there is no more. Without it stock kernels go on with address 0 and overwrite what the backend itself keeps there.
 *
 * @param backend A started tfjs WASM backend.
 * @throws {TypeError} When it is another backend.
 */
export function guardMemory(backend: object): void {
  if (!isSharedBackend(backend)) throw notShared();
  const { wasm } = backend;
  // Emscripten puts both functions in the place of stubs at their first call.
  wasm._free(wasm._malloc(8));
  wasm._malloc = guardedMalloc(wasm, wasm._malloc, wasm._free);
}

function notShared(): TypeError {
  return new TypeError(
    "use the memory of tfjs: the current backend is not WASM, call startBackend() first",
  );
}

/** A tensor that a kernel is about to fill, and where its values begin. */
export interface OutputTensor<T extends tf.Tensor> {
  /** The tensor; its values are unspecified until the kernel has run. */
  readonly tensor: T;
  /** Address of its first value. */
  readonly pointer: number;
}

/**
 * The memory of a tfjs WASM backend, shared with the kernels.
 *
 * Addresses survive growth of the memory, typed-array views do not: they lose their buffer. Therefore views are never
 * kept; every call of `f32`, `f64` or `i32` makes one afresh.
 */
export class BackendMemory {
  readonly #backend: SharedBackend;

  /**
   * Wraps a backend; use {@link backendMemory} to have one instance per backend.
   *
   * @param backend A started tfjs WASM backend.
   * @throws {TypeError} When it is another backend.
   */
  constructor(backend: object) {
    if (!isSharedBackend(backend)) throw notShared();
    this.#backend = backend;
  }

  /** The memory itself, to instantiate modules on. */
  get memory(): WebAssembly.Memory {
    return this.#backend.wasm.asm.memory;
  }

  /**
   * Reserves bytes on the backend's heap, aligned for f64; `free` gives them back.
   *
   * @param bytes How many.
   * @returns Their address.
   * @throws {InputError} When the heap cannot grow that far.
   */
  malloc(bytes: number): number {
    return this.#backend.wasm._malloc(bytes);
  }

  /**
   * Gives back what `malloc` reserved.
   *
   * @param pointer The address.
   */
  free(pointer: number): void {
    this.#backend.wasm._free(pointer);
  }

  /**
   * Address of a tensor's values.
   *
   * @param tensor A tensor; one that lives on another backend is moved here first, as tfjs does for its own kernels.
   * @returns The address of its first value.
   */
  tensorPointer(tensor: tf.TensorInfo): number {
    return this.#backend.dataIdMap.get(tensor.dataId).memoryOffset;
  }

  /**
   * Whether a kernel that loads four floats at a time may read past the last value of a tensor: the memory goes on there.
   *
   * @param tensor A float32 tensor.
   * @returns Whether three more floats can be read.
   */
  canReadBehind(tensor: tf.TensorInfo): boolean {
    const floats = tf.util.sizeFromShape(tensor.shape) + 3;
    const end = this.tensorPointer(tensor) + floats * Float32Array.BYTES_PER_ELEMENT;
    return end <= this.memory.buffer.byteLength;
  }

  /**
   * Makes a float32 tensor for a kernel to fill.
   *
   * @param shape Its shape.
   * @returns The tensor and the address of its values.
   * @throws {InputError} When the heap cannot grow that far.
   */
  makeTensor<T extends tf.Tensor>(shape: number[]): OutputTensor<T> {
    const output = this.#backend.makeOutput(shape, "float32");
    const tensor = tf.engine().makeTensorFromTensorInfo(output) as T;
    return { tensor, pointer: this.tensorPointer(tensor) };
  }

  /**
   * Another tensor with the same values in the same place, for kernels to return.
   *
   * @param tensor The tensor.
   * @returns What the engine makes a tensor of.
   */
  shareValues({ dataId, shape, dtype }: tf.TensorInfo): tf.TensorInfo {
    this.#backend.incRef(dataId);
    return { dataId, shape, dtype };
  }

  /**
   * A view of f32 values; it is lost when the memory grows.
   *
   * @param pointer Address of the first value.
   * @param length Number of values.
   * @returns The view.
   */
  f32(pointer: number, length: number): Float32Array<ArrayBuffer> {
    return new Float32Array<ArrayBuffer>(this.memory.buffer as ArrayBuffer, pointer, length);
  }

  /**
   * A view of f64 values; it is lost when the memory grows.
   *
   * @param pointer Address of the first value.
   * @param length Number of values.
   * @returns The view.
   */
  f64(pointer: number, length: number): Float64Array<ArrayBuffer> {
    return new Float64Array(this.memory.buffer as ArrayBuffer, pointer, length);
  }

  /**
   * A view of i32 values; it is lost when the memory grows.
   *
   * @param pointer Address of the first value.
   * @param length Number of values.
   * @returns The view.
   */
  i32(pointer: number, length: number): Int32Array<ArrayBuffer> {
    return new Int32Array<ArrayBuffer>(this.memory.buffer as ArrayBuffer, pointer, length);
  }

  /**
   * Lends named pieces of memory to a function and frees them whatever happens.
   *
   * @param bytes Size of each piece.
   * @param use Is handed the addresses under the same names.
   * @returns What `use` returns.
   * @throws {InputError} When the heap cannot grow that far.
   */
  withScratch<Name extends string, Result>(
    bytes: Record<Name, number>,
    use: (pointers: Record<Name, number>) => Result,
  ): Result {
    const pointers: Record<string, number> = {};
    try {
      for (const [name, size] of Object.entries<number>(bytes)) pointers[name] = this.malloc(size);
      return use(pointers);
    } finally {
      for (const pointer of Object.values(pointers)) this.free(pointer);
    }
  }
}

const memories = new WeakMap<object, BackendMemory>();

/**
 * The memory of tfjs' current backend, one instance per backend.
 *
 * @returns The memory.
 * @throws {TypeError} When the current backend is not the WASM backend.
 */
export function backendMemory(): BackendMemory {
  const backend = tf.backend();
  const known = memories.get(backend);
  if (known) return known;
  const memory = new BackendMemory(backend);
  memories.set(backend, memory);
  return memory;
}
