import type { LayerCall } from "../../../export/mod.ts";
import type { GraphWriter, WrittenTensor } from "../graph_writer.ts";

/** How a layer becomes nodes. */
export type LayerWriter = (
  graph: GraphWriter,
  call: LayerCall,
  inputs: readonly WrittenTensor[],
) => WrittenTensor;
