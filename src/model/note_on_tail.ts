import type { ModelFile } from "./model_file.ts";

/** Operations, and tensors, that a message names; further ones are counted. */
const MOST_NAMED = 5;

/** Operations that read a class off the scores of classes and leave their order alone, in the words of every format. */
const READS_CLASSES =
  /^(Arg_?Max|Cast|Const|Constant|Identity|Top_?K(_?V2)?|Squeeze|Reshape|Softmax)$/i;

/**
 * What is to be said of operations behind the layers before anything is measured.
 *
 * @param file The model.
 * @returns That they are kept and not run, and what is measured instead; undefined where there are none.
 *
 * @example Nothing is behind the layers of most models
 * ```ts
 * import { noteOnTail, openModel } from "secateur";
 * import assert from "node:assert/strict";
 *
 * assert.equal(noteOnTail(await openModel("cli/example/resnet8-fashion-mnist")), undefined);
 * ```
 */
export function noteOnTail({ frame }: Pick<ModelFile, "frame">): string | undefined {
  const tail = frame?.tail;
  if (tail === undefined || tail.nodes.length === 0) return undefined;
  const operators = new Set(tail.nodes.map(({ operator }) => operator));
  const tensors = new Set(tail.inputs.map(({ name }) => `"${name}"`));
  const count = tail.nodes.length;
  return `behind the layers ${count} ${count === 1 ? "operation is" : "operations are"} kept ` +
    `as they are and not run (${nameSome([...operators])}); ` +
    `what is measured is what the layers give: ${nameSome([...tensors])}`;
}

/**
 * Whether what a model gives is made of its layers' outputs by operations that change which class is which, or make no classes
 * of them, so that labels say nothing about these outputs.
 *
 * @param file The model.
 * @returns Names of such operations, for messages; undefined where labels go with the layers' outputs.
 */
export function reasonInTail({ frame }: Pick<ModelFile, "frame">): string | undefined {
  const others = frame?.tail?.nodes.map(({ operator }) => operator)
    .filter((operator) => !READS_CLASSES.test(operator)) ?? [];
  if (others.length === 0 || frame!.outputs.some(({ place }) => place !== undefined)) {
    return undefined;
  }
  return `operations behind the layers make the model's outputs (${
    nameSome([...new Set(others)])
  })`;
}

function nameSome(names: readonly string[]): string {
  const rest = names.length - MOST_NAMED;
  const named = names.slice(0, MOST_NAMED).join(", ");
  return rest > 0 ? `${named} and ${rest} more` : named;
}
