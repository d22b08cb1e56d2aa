/** Element type of a weight once it is in memory; quantized weights are widened to it when they are read. */
export type WeightType = "float32" | "int32" | "bool";

/** One weight of a model, in full precision. */
export interface Weight {
  /** Name in the weights manifest, such as `conv1/kernel`. */
  name: string;
  /** Extent of every axis; empty for a scalar. */
  shape: number[];
  /** Element type; it decides the class of `values`. */
  dtype: WeightType;
  /** The elements in row-major order; `bool` is one byte of 0 or 1 each. */
  values: Float32Array | Int32Array | Uint8Array;
}
