import { isJsonObject } from "../../model/mod.ts";
import type { ModelJson } from "../tfjs/load.ts";
import { isOperation } from "./read_operation.ts";
import type { JsonObject } from "./read_options.ts";

/** Classes of Keras that are read as layers of TensorFlow.js, which has none of these names. */
const OTHERS =
  /^(AugMix|BatchNormalizationV1|CutMix|Identity|MixUp|Normalization|Rand\w+|SpatialDropout2D|Subtract|SyncBatchNormalization)$/;

/** Activations that TensorFlow.js has by these names. */
const ACTIVATIONS =
  /^(elu|gelu|hard_?[sS]igmoid|linear|log_?[sS]oftmax|mish|relu6?|selu|sigmoid|softmax|softplus|softsign|swish|tanh)$/;

/**
 * Tells a model.json of Keras that TensorFlow.js does not read from one that it reads:
 * `tensorflowjs_converter` hands on what Keras writes.
 *
 * @param model The model.json.
 * @returns Whether it is to be read by `readKerasModelJson`.
 */
export function needsKeras({ json }: ModelJson): boolean {
  const model = modelOf(json.modelTopology);
  if (model === undefined || /^tfjs/.test(versionOf(json.modelTopology))) return false;
  const stack: unknown[] = [model];
  for (let entry = stack.pop(); entry !== undefined; entry = stack.pop()) {
    if (!isJsonObject(entry)) continue;
    const config = Array.isArray(entry.config) ? { layers: entry.config } : entry.config;
    if (!isJsonObject(config)) continue;
    if (Array.isArray(config.layers)) stack.push(...config.layers);
    else if (isOfKeras(entry, config)) return true;
  }
  return false;
}

/** The model in a `modelTopology`, which Keras wraps. */
export function modelOf(topology: unknown): JsonObject | undefined {
  if (!isJsonObject(topology)) return undefined;
  return isJsonObject(topology.model_config) ? topology.model_config : topology;
}

/** The version of Keras in a `modelTopology`; empty where there is none. */
export function versionOf(topology: unknown): string {
  const version = isJsonObject(topology) ? topology.keras_version : undefined;
  return typeof version === "string" ? version : "";
}

/** Whether a layer is written as TensorFlow.js does not read it. */
function isOfKeras(entry: JsonObject, config: JsonObject): boolean {
  const { class_name: className, inbound_nodes: calls } = entry;
  const { activation, keepdims, batch_shape: shape, groups, scale, offset } = config;
  return shape !== undefined || isOperation(entry) || OTHERS.test(String(className)) ||
    Array.isArray(calls) && calls.some((call) => isJsonObject(call) && "args" in call) ||
    activation != null && !(typeof activation === "string" && ACTIVATIONS.test(activation)) ||
    keepdims === true || Number(groups ?? 1) !== 1 || Array.isArray(scale) ||
    Array.isArray(offset) || className === "Resizing" || className === "CenterCrop";
}
