/**
 * Nodes in the order in which a depth-first walk leaves them: each behind all that it reads.
 *
 * @param starts Where the walk begins, one after the other.
 * @param sourcesOf What a node reads, in the order in which that is visited; there are no circles.
 * @param onMet Told of every node when the walk first comes to it.
 * @returns All nodes that the walk comes to.
 */
export function walkDepthFirst<Node>(
  starts: Iterable<Node>,
  sourcesOf: (node: Node) => Iterable<Node>,
  onMet: (node: Node) => void = () => {},
): Set<Node> {
  const met = new Set<Node>(), left = new Set<Node>();
  const path: { node: Node; sources: Iterator<Node> }[] = [];
  const enter = (node: Node) => {
    if (met.has(node)) return;
    met.add(node);
    onMet(node);
    path.push({ node, sources: sourcesOf(node)[Symbol.iterator]() });
  };
  for (const start of starts) {
    enter(start);
    for (let at = path.at(-1); at !== undefined; at = path.at(-1)) {
      const next = at.sources.next();
      if (!next.done) enter(next.value);
      else left.add(path.pop()!.node);
    }
  }
  return left;
}
