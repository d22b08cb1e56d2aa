/** A network in training mode, its loss, and how its weights are updated. */
export * from "./loss.ts";
export * from "./optimizer.ts";
export * from "./parameters.ts";
export * from "./schedule.ts";
export * from "./training_loss.ts";
export * from "./training_network.ts";
