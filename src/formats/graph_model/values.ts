import type { WeightType } from "../../model/mod.ts";
import type { Constant, Feature as LayerTensor } from "../import/mod.ts";

/** A tensor that the network computes; its shape is that of the layer's tensor, channels last. */
export interface Feature extends LayerTensor {
  /** The tensor of another shape that it was reshaped from. */
  readonly origin?: Feature;
  /** Whether it holds integers in TensorFlow, as an input of bytes does until it is cast. */
  readonly isInteger?: boolean;
  /** Whether it has no axis for the batch, which is of one. */
  readonly isSingle?: boolean;
  /** Which integers, or truth values, the layer's tensor holds too; absent where it holds floats. */
  readonly type?: WeightType;
}

/** A tensor of the graph. */
export type Value = Constant | Feature;
