import { Option } from "@commander-js/extra-typings";
import { fold, type ModelFile } from "../../src/mod.ts";

/** `--quantize`: how kernels are stored. */
export const quantizeOption = new Option(
  "--quantize <type>",
  "store kernels in one or two bytes a number: uint8, uint16 or float16 in a tfjs layers model, which are widened when it " +
    "is opened; float16 in ONNX and .keras; float16 or int8 in a .tflite file, which computes with int8; float32 (default: what those " +
    "of the given model are stored as where the format has it, otherwise float32)",
).choices(["float32", "uint8", "uint16", "float16", "int8"]);

/** `--format`: what a folder holds. */
export const formatOption = new Option(
  "--format <format>",
  "what is written to a folder: layers, a tfjs layers model, or graph, a tfjs graph model with the inputs, outputs and nodes " +
    "without a layer of the given one (default: layers)",
).choices(["layers", "graph"] as const);

/** `--fold`: the model is made ready for use. */
export const foldOption = new Option(
  "--fold",
  "write the model with BatchNormalization and activations taken into other layers, as `fold` does",
);

/** `--card`: a README for hubs of models. */
export const cardOption = new Option(
  "--card",
  "write a model card beside the model: README.md with the YAML head that hubs of models read",
);

/** The model as it is written: folded where `--fold` says so. */
export async function foldIfAsked(
  file: ModelFile,
  { fold: isAsked }: { readonly fold?: boolean },
): Promise<ModelFile> {
  return isAsked ? (await fold(file)).file : file;
}
