import { type InputRows, rowsFor } from "../graph/mod.ts";
import type { Session } from "./session.ts";

/**
 * Training images as rows that networks are compared on.
 *
 * @param session The session.
 * @param indices The images, at least one; the first of them are read.
 * @returns The rows: as many as there are and as have room.
 */
export function trainingRows(
  { graph, pool }: Pick<Session, "graph" | "pool">,
  indices: Int32Array,
): InputRows {
  const { count, batchSize } = rowsFor(graph);
  return {
    count: Math.min(count, indices.length),
    batchSize,
    read: (from, to) => pool.local.readInputs(indices.subarray(from, to)),
  };
}
