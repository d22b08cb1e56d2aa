import { InputError } from "../errors.ts";
import type { Dataset } from "./dataset.ts";

/** Class names of an opened dataset, and the label each of its own classes becomes. */
export interface ClassOrder {
  /** Names, in label order. */
  classes: string[];
  /** New label of each own class. */
  labels: Int32Array;
}

/**
 * Matches a dataset's classes with a model's.
 *
 * The same names in any order: labels follow the model. Other names, or none known to the model: the dataset's order
 * stays (alphabetical for a folder, as stored for binary formats).
 *
 * @param own Names in the dataset.
 * @param wanted Names of the model's outputs, when known.
 * @returns Names and labels.
 */
export function orderClasses(own: string[], wanted?: string[]): ClassOrder {
  const position = new Map(wanted?.map((name, index) => [name, index]));
  const same = position.size === own.length && own.every((name) => position.has(name));
  return same
    ? { classes: [...wanted!], labels: Int32Array.from(own, (name) => position.get(name)!) }
    : { classes: [...own], labels: Int32Array.from(own, (_, index) => index) };
}

/**
 * Checks that a dataset has one class per output of the network.
 *
 * @param dataset The dataset.
 * @param outputs Outputs of the network.
 * @throws {InputError} When the numbers differ.
 */
export function checkClasses(dataset: Pick<Dataset, "format" | "classes">, outputs: number): void {
  const { format, classes } = dataset;
  if (classes.length === outputs) return;
  const names = classes.slice(0, 5).join(", ") + (classes.length > 5 ? ", …" : "");
  throw new InputError(
    `matching the dataset with the model: found ${classes.length} classes in the ${format} (${names}), ` +
      `wanted ${outputs}, one per output of the model`,
  );
}
