import { isJsonObject, type ModelFile } from "../../model/mod.ts";
import { type ModelJson, readWeights } from "../tfjs/load.ts";
import { readGraph } from "./graph_def.ts";
import { readGraphModel } from "./read.ts";
import { separateTail } from "./tail.ts";

/**
 * Makes a layers model of a graph model.
 *
 * @param model Its model.json.
 * @returns The same network as layers and weights, quantized weights widened; what is written of it is stored as they were.
 * @throws {InputError} When the graph or the weights are damaged or hostile, or have nodes that cannot become layers; all
 * of these are listed.
 */
export async function loadGraphModel(model: ModelJson): Promise<ModelFile> {
  const { json, path } = model;
  const graph = readGraph(json, path);
  const { weights, bytes, quantized } = await readWeights(model);
  const { userDefinedMetadata } = json;
  return {
    ...readGraphModel(graph, weights, path, (values) => separateTail({ graph, values, weights })),
    ...(isJsonObject(userDefinedMetadata) && { metadata: userDefinedMetadata }),
    ...(quantized && { quantized }),
    bytes: model.bytes + bytes,
    path,
  };
}
