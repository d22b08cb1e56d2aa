/**
 * Puts nodes behind what they read.
 *
 * @param nodes The nodes.
 * @param sourcesOf The nodes that a node reads; one that it reads twice may be there twice.
 * @returns The nodes, as they were where that is in order; and one that waits for what it makes itself, if any does.
 */
export function orderNodes<Node>(
  nodes: readonly Node[],
  sourcesOf: (node: Node) => readonly Node[],
): { ordered: Node[]; stuck?: Node } {
  const waiting = new Map<Node, number>();
  const readers = new Map<Node, Node[]>(nodes.map((node) => [node, []]));
  for (const node of nodes) {
    const sources = sourcesOf(node);
    waiting.set(node, sources.length);
    for (const source of sources) readers.get(source)!.push(node);
  }
  const ordered = nodes.filter((node) => waiting.get(node) === 0);
  for (let index = 0; index < ordered.length; index++) {
    for (const reader of readers.get(ordered[index])!) {
      waiting.set(reader, waiting.get(reader)! - 1);
      if (waiting.get(reader) === 0) ordered.push(reader);
    }
  }
  const stuck = nodes.find((node) => waiting.get(node)! > 0);
  return stuck === undefined ? { ordered } : { ordered, stuck };
}
