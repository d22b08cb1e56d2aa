/** What runs networks where their users will: each a face of one interface. */
export { createRuntime } from "./create_runtime.ts";
export { loadLiteRt } from "./litert.ts";
export { loadOnnxRuntime } from "./onnxruntime_web.ts";
export {
  BROWSER_RUNTIMES,
  type OpenedNetwork,
  type Runtime,
  type RuntimeName,
  RUNTIMES,
} from "./runtime.ts";
export { openLayersModel } from "./tfjs.ts";
