import type { JsonObject } from "./json_object.ts";
import type { Weight } from "./weight.ts";

/** An input as the file that a model came from names it. */
export interface FrameInput {
  /** What a signature calls it. */
  readonly key: string;
  /** Name of the tensor. */
  readonly name: string;
  /** Element type there, such as `DT_INT32`. */
  readonly type: string;
  /** Its shape there with the batch, null where it is open. */
  readonly shape: readonly (number | null)[];
}

/** An output as the file that a model came from names it. */
export interface FrameOutput {
  /** What a signature calls it. */
  readonly key: string;
  /** Name of the tensor. */
  readonly name: string;
  /** Which output of the layers it is; undefined where the tail makes it. */
  readonly place?: number;
}

/** A node that is kept as it stands in the file. */
export interface TailNode {
  /** Its name. */
  readonly name: string;
  /** Operation, with its domain ahead of it where it is not of the standard one. */
  readonly operator: string;
  /** Names of the tensors that it reads. */
  readonly inputs: readonly string[];
  /** Its attributes as the file has them. */
  readonly attributes: JsonObject;
}

/** A tensor that the tail reads from the layers. */
export interface TailInput {
  /** Name of the tensor in the file. */
  readonly name: string;
  /** Which output of the layers it is. */
  readonly place: number;
  /** Its element type in the file. */
  readonly type: string;
}

/** Nodes behind the layers that no layer can stand for, such as the suppression of overlapping boxes. */
export interface ModelTail {
  /** The nodes. */
  readonly nodes: readonly TailNode[];
  /** What its constants hold, by name. */
  readonly weights: ReadonlyMap<string, Weight>;
  /** The tensors that it reads. */
  readonly inputs: readonly TailInput[];
  /** Functions that its nodes call, as the file has them. */
  readonly library?: JsonObject;
}

/**
 * What the file of a graph has around its layers: names of inputs and outputs, and a tail that the layers' outputs go
 * through. It is written back with them into a file of the same format.
 */
export interface ModelFrame {
  /** The format. */
  readonly format: "graph-model";
  /** The inputs. */
  readonly inputs: readonly FrameInput[];
  /** The outputs. */
  readonly outputs: readonly FrameOutput[];
  /** What stands behind the layers. */
  readonly tail?: ModelTail;
}
