/** Sampling and least-squares statistics. */
export * from "./calibrator.ts";
export * from "./residual_target.ts";
export * from "./safetensors.ts";
export * from "./sampled_images.ts";
export * from "./sampling.ts";
export * from "./statistics.ts";
export * from "./statistics_file.ts";
