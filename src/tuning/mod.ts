/** Training and tuning over the workers. */
export * from "./checkpoint.ts";
export * from "./options.ts";
export * from "./state_folder.ts";
export * from "./tune_network.ts";
