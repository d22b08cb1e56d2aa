/**
 * What can be reached, in a graph with circles too.
 *
 * @param starts Where to begin; they count as reached.
 * @param nextOf What can be reached from one in one step.
 * @returns All that can be reached.
 */
export function reachable<Node>(
  starts: Iterable<Node>,
  nextOf: (node: Node) => Iterable<Node>,
): Set<Node> {
  const reached = new Set(starts);
  // A set also visits what is added to it on the way.
  for (const node of reached) {
    for (const next of nextOf(node)) reached.add(next);
  }
  return reached;
}
