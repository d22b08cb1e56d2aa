import type { JsonObject } from "./json_object.ts";
import type { Weight } from "./weight.ts";

/** Formats whose files have something around the layers that is written back. */
export type FrameFormat = "graph-model" | "onnx" | "tflite";

/** How a tensor lies in the file, where that need not be as it lies in the layers. */
export interface FrameForm {
  /** Element type, as the format calls it, such as `DT_INT32`. */
  readonly type: string;
  /** Extents with the batch; null, or a name, where one is open; undefined where the file does not say. */
  readonly shape?: readonly (number | string | null)[];
  /** Whether its channels are ahead of rows and columns. Default false. */
  readonly isChannelsFirst?: boolean;
}

/** An input as the file that a model came from names it. */
export interface FrameInput extends FrameForm {
  /** What a signature calls it. */
  readonly key: string;
  /** Name of the tensor. */
  readonly name: string;
  /** Extents with the batch; null, or a name, where one is open. */
  readonly shape: readonly (number | string | null)[];
  /** Which input of the layers it is; undefined where the tail alone reads it. */
  readonly place?: number;
}

/** An output as the file that a model came from names it. */
export interface FrameOutput {
  /** What a signature calls it. */
  readonly key: string;
  /** Name of the tensor. */
  readonly name: string;
  /** Which output of the layers it is; undefined where the tail makes it. */
  readonly place?: number;
  /** How it lies in the file; undefined where that is as in the layers, or the tail makes it. */
  readonly form?: FrameForm;
}

/** A node that is kept as it stands in the file. */
export interface TailNode {
  /** Its name. */
  readonly name: string;
  /** Operation, with its domain ahead of it where it is not of the standard one. */
  readonly operator: string;
}

/** A node of a graph model that is kept as it stands in the file. */
export interface GraphTailNode extends TailNode {
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
  /** How it lies in the file. */
  readonly form: FrameForm;
}

/** What a tail is written back from, in a graph model. */
export interface GraphTail {
  /** What it is. */
  readonly kind: "graph";
  /** The nodes, constants too. */
  readonly nodes: readonly GraphTailNode[];
  /** What its constants hold, by name. */
  readonly weights: ReadonlyMap<string, Weight>;
  /** Functions that its nodes call, as the file has them. */
  readonly library?: JsonObject;
}

/** What a tail is written back from, in a format of one file: a file of its own, whose inputs are what the tail reads. */
export interface FileTail {
  /** What it is. */
  readonly kind: "file";
  /** The file. */
  readonly bytes: Uint8Array;
}

/** Nodes behind the layers that no layer can stand for, such as the suppression of overlapping boxes. */
export interface ModelTail {
  /** The nodes, without constants. */
  readonly nodes: readonly TailNode[];
  /** The tensors that it reads. */
  readonly inputs: readonly TailInput[];
  /** What it is written back from. */
  readonly content: GraphTail | FileTail;
}

/**
 * What the file of a graph has around its layers: names of inputs and outputs, and a tail that the layers' outputs go
 * through. It is written back with them into a file of the same format.
 */
export interface ModelFrame {
  /** The format. */
  readonly format: FrameFormat;
  /** The inputs. */
  readonly inputs: readonly FrameInput[];
  /** The outputs. */
  readonly outputs: readonly FrameOutput[];
  /** What stands behind the layers. */
  readonly tail?: ModelTail;
}

/**
 * What a file has around its layers, where it is of a format.
 *
 * @param file The model.
 * @param format The format that is written.
 * @returns The frame; undefined for a model that came from another format.
 */
export function frameIn(
  { frame }: { readonly frame?: ModelFrame },
  format: FrameFormat,
): ModelFrame | undefined {
  return frame?.format === format ? frame : undefined;
}
