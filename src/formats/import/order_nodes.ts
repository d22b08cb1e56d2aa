import { InputError } from "../../base/mod.ts";

/** What is known of the nodes of a graph. */
export interface NodeReader<Node> {
  /** Path of the file, for messages. */
  readonly path: string;
  /** Makes the file again, for messages: what to do with the model. */
  readonly remedy: string;
  /** The nodes that a node reads; one that it reads twice may be there twice. */
  sourcesOf(node: Node): readonly Node[];
  /** Name and operation of a node, for messages. */
  describe(node: Node): string;
}

/**
 * Puts nodes behind what they read.
 *
 * @param nodes The nodes.
 * @param reader What is known of them.
 * @returns The nodes: first those that read none, then each as soon as all that it reads is there.
 * @throws {InputError} When nodes read one another in a circle.
 */
export function orderNodes<Node>(nodes: readonly Node[], reader: NodeReader<Node>): Node[] {
  const waiting = new Map<Node, number>();
  const readers = new Map<Node, Node[]>(nodes.map((node) => [node, []]));
  for (const node of nodes) {
    const sources = reader.sourcesOf(node);
    waiting.set(node, sources.length);
    for (const source of sources) readers.get(source)!.push(node);
  }
  const ordered = nodes.filter((node) => waiting.get(node) === 0);
  for (let index = 0; index < ordered.length; index++) {
    for (const next of readers.get(ordered[index])!) {
      waiting.set(next, waiting.get(next)! - 1);
      if (waiting.get(next) === 0) ordered.push(next);
    }
  }
  const stuck = nodes.find((node) => waiting.get(node)! > 0);
  if (stuck === undefined) return ordered;
  throw new InputError(
    `reading ${reader.path}: node ${reader.describe(stuck)} waits for what it makes itself, ` +
      `wanted a graph without circles; ${reader.remedy}`,
  );
}
