import { Option } from "@commander-js/extra-typings";

/** `--quantize`: how kernels are stored. */
export const quantizeOption = new Option(
  "--quantize <type>",
  "store kernels in one or two bytes a number; TensorFlow.js widens them when it opens the model (default: float32)",
).choices(["uint8", "uint16", "float16"]);
