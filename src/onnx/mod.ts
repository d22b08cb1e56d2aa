/** Networks in ONNX files. */
export { loadOnnxFile } from "./load.ts";
export { readOnnx } from "./read.ts";
export { writeOnnx } from "./write.ts";
