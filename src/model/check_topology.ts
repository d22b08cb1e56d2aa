import { InputError } from "../base/mod.ts";
import type { LayerJson } from "./model_file.ts";

/** Models in one another: each is walked through by functions that call themselves. */
const MOST_MODELS = 100;

const MODEL_CLASSES = ["Sequential", "Model", "Functional"];

/** Initializers that draw numbers between bounds. */
const DRAWING_CLASSES = ["TruncatedNormal", "RandomNormal", "VarianceScaling"];

/** One call of a layer, and the calls that it waits for. */
interface WaitingCall {
  readonly layer: string;
  readonly sources: readonly Source[];
  /** Sources that have not been made. */
  missing: number;
}

/** The output of a layer's call, counted in the order in which its calls are made. */
interface Source {
  readonly layer: string;
  readonly call: number;
}

/**
 * Refuses a model whose layers cannot be made one after the other; TensorFlow.js would wait for them without end. Looks
 * into nested models.
 *
 * @param topology Graph of the model.
 * @param path Where it comes from, for messages.
 * @throws {InputError} When a layer reads one that is not there, itself, or one that reads it in turn; when two have one
 * name; when models are nested too deep; or when layers or calls are not written as TensorFlow.js does it.
 */
export function checkTopology(topology: LayerJson, path: string): void {
  let models: readonly LayerJson[] = [topology];
  for (let depth = 1; models.length > 0; depth++) {
    if (depth > MOST_MODELS) {
      throw fault(path, `more than ${MOST_MODELS} models in one another`, "fewer");
    }
    for (const model of models) checkModel(model, path);
    models = models.flatMap(({ config }) => config.layers!.filter(isModel));
  }
}

function isModel({ class_name }: LayerJson): boolean {
  return MODEL_CLASSES.includes(class_name);
}

function checkModel({ class_name: className, config }: LayerJson, path: string): void {
  const { layers } = config;
  if (!Array.isArray(layers) || !layers.every(isLayer)) {
    const name = String(config.name ?? className);
    throw fault(path, `no list of layers with class_name and config in model "${name}"`, "one");
  }
  for (const layer of layers) {
    checkForm(layer, path);
    checkInitializers(layer, path);
    if (typeof layer.config.name === "string" && nameOf(layer) === layer.config.name) continue;
    const other = JSON.stringify(layer.config.name) ?? "nothing";
    throw fault(path, `layer "${nameOf(layer)}" with the name ${other} in its config`, "one name");
  }
  if (layers.length === 0) throw fault(path, "a model without layers", "one with some");
  if (className !== "Sequential") checkCalls(layers, config, path);
}

/** tensorflowjs_converter hands on what Keras 3 writes, which TensorFlow.js does not read. */
function checkForm({ name, config, inbound_nodes: nodes }: LayerJson, path: string): void {
  const isOfKeras3 = config.batch_shape !== undefined ||
    Array.isArray(nodes) && nodes.some((node) => (node as { args?: unknown } | null)?.args);
  if (!isOfKeras3) return;
  throw fault(
    path,
    `layer "${name ?? config.name}" as Keras 3 writes it`,
    "it as TensorFlow.js reads it",
    "open it with openModel(), or save the model in Keras as .keras and give that file",
  );
}

/** TensorFlow.js draws weights before they are read, again and again where no number lies between the bounds. */
function checkInitializers(layer: LayerJson, path: string): void {
  const stack: unknown[] = isModel(layer) ? [] : [layer.config];
  for (let value = stack.pop(); value !== undefined; value = stack.pop()) {
    if (typeof value !== "object" || value === null) continue;
    stack.push(...Object.values(value).filter((each) => typeof each === "object"));
    const { class_name, config } = value as Partial<LayerJson>;
    if (!DRAWING_CLASSES.includes(String(class_name))) continue;
    for (const name of ["mean", "stddev", "scale"]) {
      const number: unknown = config?.[name] ?? 0;
      if (Number.isFinite(number) && (name === "mean" || Number(number) >= 0)) continue;
      throw fault(
        path,
        `layer "${nameOf(layer)}" with ${class_name} of ${name} ${JSON.stringify(number)}`,
        name === "mean" ? "a number" : "a number of at least 0",
      );
    }
  }
}

function isLayer(layer: unknown): layer is LayerJson {
  const { class_name, config } = (layer ?? {}) as Partial<LayerJson>;
  return typeof class_name === "string" && typeof config === "object" && config !== null;
}

function checkCalls(layers: readonly LayerJson[], config: LayerJson["config"], path: string): void {
  const calls = layers.flatMap((layer) => readCalls(layer, path));
  const made = countFirst(layers, path);
  const readers = new Map<string, WaitingCall[]>();
  for (const call of calls) {
    for (const { layer } of call.sources) {
      if (!made.has(layer)) {
        throw fault(
          path,
          `layer "${call.layer}", which reads layer "${layer}"`,
          "a layer of that name",
        );
      }
      readers.set(layer, [...readers.get(layer) ?? [], call]);
    }
  }
  for (const layer of readEnds(config, path)) {
    if (!made.has(layer)) {
      throw fault(path, `an input or output "${layer}" of the model`, "a layer of that name");
    }
  }
  const waiting = makeCalls(calls, made, readers);
  if (waiting.size > 0) throw stuckFault([...waiting], path);
}

/** Calls that a layer has before any is made: inputs have one, and so have nested models by their own construction. */
function countFirst(layers: readonly LayerJson[], path: string): Map<string, number> {
  const counts = new Map<string, number>();
  for (const layer of layers) {
    const name = nameOf(layer);
    if (layer.class_name in {}) {
      throw fault(
        path,
        `layer "${name}" of class "${layer.class_name}"`,
        "a class of TensorFlow.js",
      );
    }
    if (layer.name !== name) {
      throw fault(
        path,
        `layer "${name}" with its name in its config alone`,
        "it beside class_name too",
      );
    }
    if (counts.has(name)) throw fault(path, `two layers called "${name}"`, "one of each name");
    if (name in {}) {
      throw fault(
        path,
        `a layer called "${name}", which TensorFlow.js cannot hold`,
        "another name",
      );
    }
    counts.set(name, layer.class_name === "InputLayer" || isModel(layer) ? 1 : 0);
  }
  return counts;
}

/** Makes every call that can be made, and gives those that cannot. */
function makeCalls(
  calls: readonly WaitingCall[],
  made: Map<string, number>,
  readers: ReadonlyMap<string, readonly WaitingCall[]>,
): Set<WaitingCall> {
  const isMade = ({ layer, call }: Source) => made.get(layer)! > call;
  const waiting = new Set(calls);
  for (const call of calls) call.missing = call.sources.filter((each) => !isMade(each)).length;
  const ready = calls.filter(({ missing }) => missing === 0);
  for (const call of ready) {
    waiting.delete(call);
    const number = made.get(call.layer)!;
    made.set(call.layer, number + 1);
    for (const reader of new Set(readers.get(call.layer))) {
      const fed = reader.sources.filter((each) =>
        each.layer === call.layer && each.call === number
      );
      reader.missing -= fed.length;
      if (fed.length > 0 && reader.missing === 0) ready.push(reader);
    }
  }
  return waiting;
}

/** Names what waits in a circle, or the call that there is not. */
function stuckFault(waiting: readonly WaitingCall[], path: string): InputError {
  const stuck = new Map(waiting.map((call) => [call.layer, call]));
  const seen: string[] = [];
  let call: WaitingCall | undefined = waiting[0];
  while (call && !seen.includes(call.layer)) {
    seen.push(call.layer);
    call = call.sources.map(({ layer }) => stuck.get(layer)).find((each) => each !== undefined);
  }
  if (call === undefined) {
    const last = waiting.find(({ layer }) => layer === seen.at(-1))!;
    const sources = last.sources.map(({ layer, call }) => `call ${call} of "${layer}"`).join(", ");
    return fault(path, `layer "${last.layer}", which reads ${sources}`, "calls that are there");
  }
  const circle = [...seen.slice(seen.indexOf(call.layer)), call.layer];
  const shown = circle.length > 8 ? [...circle.slice(0, 6), "…", circle.at(-1)!] : circle;
  return fault(
    path,
    circle.length === 2
      ? `layer "${call.layer}", which reads itself`
      : `layers that read one another in a circle (${shown.map((name) => `"${name}"`).join(", ")})`,
    "layers that read earlier ones alone",
  );
}

function readCalls(layer: LayerJson, path: string): WaitingCall[] {
  const name = nameOf(layer);
  const { inbound_nodes: nodes = [] } = layer;
  const isList = Array.isArray(nodes) && nodes.every((node) => Array.isArray(node));
  const references = isList ? (nodes as unknown[][]) : undefined;
  if (!references?.every((node) => node.length > 0 && node.every(isReference))) {
    throw fault(
      path,
      `calls of layer "${name}" that are written otherwise`,
      '[[["layer", call, output, {}], …], …]',
    );
  }
  return references.map((node) => ({
    layer: name,
    sources: (node as [string, number][]).map(([source, call]) => ({ layer: source, call })),
    missing: 0,
  }));
}

function isReference(reference: unknown): boolean {
  const [name, call, output] = Array.isArray(reference) ? reference : [];
  return typeof name === "string" && isIndex(call) && isIndex(output);
}

function isIndex(value: unknown): boolean {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

/** Layers of the inputs and outputs. */
function readEnds(
  { input_layers: inputs, output_layers: outputs }: LayerJson["config"],
  path: string,
): string[] {
  return [inputs, outputs].flatMap((ends) => {
    const list = Array.isArray(ends) && typeof ends[0] === "string" ? [ends] : ends;
    if (!Array.isArray(list) || list.length === 0 || !list.every(isReference)) {
      throw fault(
        path,
        "inputs or outputs of a model that are written otherwise",
        '[["layer", 0, 0]]',
      );
    }
    return (list as [string][]).map(([name]) => name);
  });
}

function nameOf(layer: LayerJson): string {
  return String(layer.name ?? layer.config.name);
}

function fault(
  path: string,
  found: string,
  wanted: string,
  advice = "mend the model where it was made and save it again",
): InputError {
  return new InputError(`reading ${path}: found ${found}, wanted ${wanted}; ${advice}`);
}
