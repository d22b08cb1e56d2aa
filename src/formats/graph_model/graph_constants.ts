import { InputError } from "../../base/mod.ts";
import type { Constant } from "../import/mod.ts";
import type { Weight } from "../../model/mod.ts";
import type { GraphNode, NodeOutput } from "./graph_def.ts";

/** The weights as constants. */
export class GraphConstants {
  readonly #weights: ReadonlyMap<string, Weight>;
  readonly #path: string;

  constructor(weights: ReadonlyMap<string, Weight>, path: string) {
    this.#weights = weights;
    this.#path = path;
  }

  /**
   * The constant of a node.
   *
   * @throws {InputError} When there is no weight of its name.
   */
  read(name: string): Constant {
    const weight = this.#weights.get(name);
    if (weight === undefined) {
      throw new InputError(
        `reading ${this.#path}: found no weight "${name}" in weightsManifest for the node of that name; ` +
          `convert the model again`,
      );
    }
    const { shape, values } = weight;
    const isFloat = values instanceof Float32Array;
    const numbers = isFloat ? values : Float64Array.from(values);
    return { kind: "constant", shape, values: numbers, source: name };
  }

  /** The constant that a tensor is, as it is or passed on by Identity. */
  find({ node }: NodeOutput, nodes: ReadonlyMap<string, GraphNode>): Constant | undefined {
    const seen = new Set<GraphNode>();
    let source = nodes.get(node)!;
    while (source.operator === "Identity" && source.inputs.length > 0 && !seen.has(source)) {
      seen.add(source);
      source = nodes.get(source.inputs[0].node)!;
    }
    return source.operator === "Const" ? this.read(source.name) : undefined;
  }
}
