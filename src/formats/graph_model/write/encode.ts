import type { ModelFile } from "../../../model/mod.ts";
import { encodeKernels, joinModelFiles, type SaveOptions } from "../../tfjs/save.ts";
import { writeGraphModel } from "./write.ts";

/**
 * Writes a graph model as tfjs has it, into memory.
 *
 * @param file The model.
 * @param quantize What kernels are stored as. Default: what they were read as, or float32.
 * @returns The bytes of model.json and its shards, by name.
 * @throws {InputError} When a weight is no finite number, or a layer has no counterpart; the message names it.
 */
export function encodeGraphModel(
  file: ModelFile,
  quantize: SaveOptions["quantize"] = file.quantized,
): Map<string, Uint8Array> {
  const { topology, signature, kernels, constants } = writeGraphModel(file);
  return joinModelFiles({
    format: "graph-model",
    convertedBy: null,
    signature,
    modelTopology: topology,
    ...(file.metadata && { userDefinedMetadata: file.metadata }),
  }, [encodeKernels(kernels, quantize), encodeKernels(constants, "float32")]);
}
