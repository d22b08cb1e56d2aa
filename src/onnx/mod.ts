/** Networks in ONNX files. */
export { loadOnnxFile } from "./load.ts";
export { readOnnx } from "./read.ts";
export type { ExternalData } from "./tensors.ts";
export { writeOnnx } from "./write.ts";
