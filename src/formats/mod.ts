/** Models in files of any format. */
export * from "./open_model.ts";
export * from "./save_model.ts";
