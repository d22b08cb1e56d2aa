import type { ModelFile } from "../../model/mod.ts";
import { Classification, type ClassificationSums } from "./classification.ts";
import type { Objective } from "./objective.ts";
import { OutputError, type OutputErrorSums } from "./output_error.ts";

/** Which objective networks are measured by, as it can be sent to a thread. */
export type ObjectiveSpec =
  | { readonly kind: "classification" }
  | { readonly kind: "outputError"; readonly reference: ModelFile };

/** Sums of any objective. */
export type EvaluationSums = ClassificationSums | OutputErrorSums;

/**
 * Opens an objective.
 *
 * @param spec Which one.
 * @returns The objective; dispose it. It adds up no sums but its own.
 * @throws {InputError} When a reference cannot be opened.
 */
export async function openObjective(spec: ObjectiveSpec): Promise<Objective<EvaluationSums>> {
  return spec.kind === "classification"
    ? new Classification()
    : await OutputError.open(spec.reference);
}
