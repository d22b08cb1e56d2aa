import { InputError } from "../../base/mod.ts";
import { affineParts, type StatedShape } from "./affine_parts.ts";
import { describeLayer, joinParts, partsOf, type Step, type TranslatedLayer } from "./parts.ts";
import { readActivation } from "./read_activation.ts";
import { readNumbers } from "./read_image_layer.ts";
import { isJsonObject, type JsonObject } from "./read_options.ts";

/** An argument of an operation: what another layer makes, or a value. */
type Argument = { readonly tensor: unknown } | { readonly value: unknown };

/** An operation with what it is called with. */
interface OperationCall {
  /** Its name in lower case without underscores, such as `truedivide`. */
  readonly operation: string;
  readonly arguments: readonly Argument[];
  /** Other arguments, by name. */
  readonly options: JsonObject;
}

/** An operation as layers, and their call. */
export interface TranslatedOperation {
  readonly layer: TranslatedLayer;
  /** The call, in the form of `inbound_nodes`. */
  readonly calls: unknown[];
}

/** What is known of an operation beside its entry. */
interface OperationSource {
  /** Its name in the new model. */
  readonly name: string;
  readonly shape: StatedShape;
  readonly kerasMajor: number;
  /** What is being read, for messages. */
  readonly place: string;
}

/**
 * Tells an operation between layers from a layer: `TFOpLambda` of Keras 2, operations of Keras 3.
 *
 * @param entry An entry of a model's list of layers.
 * @returns True for an operation.
 */
export function isOperation(entry: unknown): entry is JsonObject {
  if (!isJsonObject(entry)) return false;
  const { module, class_name: className } = entry;
  return className === "TFOpLambda" || className === "SlicingOpLambda" ||
    typeof module === "string" && /\bops\b/.test(module);
}

/**
 * Translates an operation between layers, such as those that `preprocess_input` leaves in a model.
 *
 * @param entry The operation as Keras serialized it.
 * @param source What is known of it.
 * @returns Layers that compute it, and their call.
 * @throws {InputError} When no layer computes it.
 */
export function translateOperation(
  entry: JsonObject,
  source: OperationSource,
): TranslatedOperation {
  const { operation, arguments: given, options } = readOperationCall(entry, source);
  const tensors = given.flatMap((argument) => "tensor" in argument ? [argument.tensor] : []);
  const layer = tensors.length > 0
    ? translate({ operation, arguments: given, options }, source)
    : undefined;
  if (layer) return { layer, calls: [callWith(tensors)] };
  throw unknownOperation(entry, source);
}

function unknownOperation(entry: JsonObject, { place, name }: OperationSource): InputError {
  const found = nameOf(entry);
  const isSlice = /getitem|stack|flip|reverse|gather|slice/i.test(found);
  return new InputError(
    `${place}: found ${name}, the operation ${found}, wanted layers, or arithmetic with numbers; ` +
      (isSlice
        ? "where it turns RGB into BGR, turn the channels of the images instead, and build the model without it"
        : "write it as a layer, such as Add, Multiply or Rescaling"),
  );
}

function nameOf({ module, class_name: className, config }: JsonObject): string {
  const named = isJsonObject(config) ? config.function : undefined;
  return typeof named === "string" ? named : `${module}.${className}`;
}

function readOperationCall(entry: JsonObject, source: OperationSource): OperationCall {
  const last = nameOf(entry).split(".").at(-1)!;
  const operation = last.replace(/_/g, "").toLowerCase();
  const [call, ...others] = Array.isArray(entry.inbound_nodes) ? entry.inbound_nodes : [];
  if (call === undefined || others.length > 0) throw unknownOperation(entry, source);
  const own = isJsonObject(entry.config) ? entry.config : {};
  if (isJsonObject(call)) {
    const args = Array.isArray(call.args) ? call.args : [];
    const named = isJsonObject(call.kwargs) ? call.kwargs : {};
    const listed = Array.isArray(args[0]) && args[0].some(isTensor3)
      ? [...args[0], ...args.slice(1)]
      : args;
    const { options, tensors } = splitOptions(named, isTensor3);
    return {
      operation,
      arguments: [
        ...listed.map((value) => isTensor3(value) ? { tensor: value } : { value }),
        ...tensors,
      ],
      options: { ...own, ...options },
    };
  }
  const references = Array.isArray(call) && typeof call[0] === "string"
    ? [call]
    : call as unknown[][];
  const [, , , named] = references[0] ?? [];
  const { options, tensors } = splitOptions(isJsonObject(named) ? named : {}, isTensor2);
  const first = references.map((reference): Argument =>
    reference[0] === "_CONSTANT_VALUE" ? { value: reference[2] } : { tensor: reference.slice(0, 3) }
  );
  return { operation, arguments: [...first, ...tensors], options: { ...own, ...options } };
}

/** A tensor of Keras 3. */
function isTensor3(value: unknown): boolean {
  return isJsonObject(value) && value.class_name === "__keras_tensor__";
}

/** A tensor of Keras 2: layer, call, output. */
function isTensor2(value: unknown): boolean {
  return Array.isArray(value) && typeof value[0] === "string" && Number.isInteger(value[1]);
}

/** Names of second operands. */
const OPERANDS = new Set(["x2", "y", "bias"]);

function splitOptions(named: JsonObject, isTensor: (value: unknown) => boolean) {
  const operands = Object.entries(named).filter(([name, value]) =>
    OPERANDS.has(name) && value !== null
  );
  const others = Object.entries(named).filter(([name, value]) =>
    !OPERANDS.has(name) && value !== null
  );
  const tensors = operands.map(([, value]): Argument =>
    isTensor(value) ? { tensor: value } : { value }
  );
  return { options: Object.fromEntries(others) as JsonObject, tensors };
}

function callWith(tensors: readonly unknown[]): unknown {
  return isTensor3(tensors[0])
    ? { args: [tensors.length === 1 ? tensors[0] : tensors], kwargs: {} }
    : tensors.map((reference) => [...reference as unknown[], {}]);
}

/** Operations of two operands, by their names in both versions. */
const ARITHMETIC: ReadonlyMap<string, "add" | "subtract" | "multiply" | "divide"> = new Map([
  ["add", "add"],
  ["biasadd", "add"],
  ["sub", "subtract"],
  ["subtract", "subtract"],
  ["mul", "multiply"],
  ["multiply", "multiply"],
  ["div", "divide"],
  ["divide", "divide"],
  ["realdiv", "divide"],
  ["truediv", "divide"],
  ["truedivide", "divide"],
]);

/** Operations that change nothing here, where all is float32. */
const PASSING = new Set(["cast", "converttotensor", "identity", "stopgradient"]);

/** Activations as operations. */
const ACTIVATIONS: ReadonlyMap<string, string> = new Map(
  [
    "elu",
    "gelu",
    "hard_sigmoid",
    "hard_silu",
    "hard_swish",
    "hard_tanh",
    "leaky_relu",
    "log_sigmoid",
    "mish",
    "relu",
    "relu6",
    "selu",
    "sigmoid",
    "silu",
    "softmax",
    "softplus",
    "softsign",
    "swish",
    "tanh",
  ].map((name) => [name.replace(/_/g, ""), name]),
);

function translate(call: OperationCall, source: OperationSource): TranslatedLayer | undefined {
  const { operation, options } = call;
  const { name, place, kerasMajor } = source;
  const steps = (list: readonly Step[]): TranslatedLayer => ({ parts: partsOf(list, name) });
  const [first, second] = call.arguments;
  const count = call.arguments.length;
  const arithmetic = ARITHMETIC.get(operation);
  if (arithmetic && count === 2) return translateArithmetic(arithmetic, first, second, source);
  if (operation === "negative" || operation === "neg") {
    return affineParts(name, [-1], [0], source.shape);
  }
  if (PASSING.has(operation)) {
    return steps([{ className: "Activation", config: { activation: "linear" } }]);
  }
  if (operation === "square" && count === 1) {
    return steps([
      { className: "Activation", config: { activation: "linear" } },
      { className: "Multiply", config: {}, reads: ["value", 0] },
    ]);
  }
  if ((operation === "concat" || operation === "concatenate") && "tensor" in first) {
    const values = call.arguments.filter((argument) => "value" in argument);
    const axis = options.axis ?? (values[0] as { value?: unknown })?.value ?? -1;
    if (count - values.length < 2) return undefined;
    return { parts: [{ json: describeLayer("Concatenate", name, { axis }) }] };
  }
  if (operation === "mean" || operation === "reducemean") return translateMean(call, source);
  const activation = ACTIVATIONS.get(operation);
  if (activation === undefined || count !== 1 || !haveDefaults(activation, options)) {
    return undefined;
  }
  const read = readActivation(activation, { place, kerasMajor });
  if (read.kind === "steps") return steps(read.steps);
  return read.kind === "name"
    ? steps([{ className: "Activation", config: { activation: read.name } }])
    : undefined;
}

/** Whether an activation's options, as far as there are any, are those of its name. */
function haveDefaults(activation: string, options: JsonObject): boolean {
  const { negative_slope, alpha, axis, approximate } = options;
  const slope = negative_slope ?? (activation === "leaky_relu" ? alpha : undefined);
  return (slope ?? 0.2) === 0.2 && (axis ?? -1) === -1 && approximate !== true &&
    (activation !== "elu" || (alpha ?? 1) === 1);
}

function translateArithmetic(
  arithmetic: "add" | "subtract" | "multiply" | "divide",
  first: Argument,
  second: Argument,
  { name, shape }: OperationSource,
): TranslatedLayer | undefined {
  if ("tensor" in first && "tensor" in second) {
    const className =
      { add: "Add", multiply: "Multiply", subtract: "Subtract", divide: undefined }[arithmetic];
    if (className === undefined) return undefined;
    return className === "Subtract"
      ? { parts: subtractParts(name) }
      : { parts: [{ json: describeLayer(className, name, {}) }] };
  }
  const numbers = readNumbers(
    "value" in first ? first.value : (second as { value: unknown }).value,
  );
  if (!numbers) return undefined;
  const isFirst = "tensor" in first;
  switch (arithmetic) {
    case "add":
      return affineParts(name, [1], numbers, shape);
    case "subtract":
      return isFirst
        ? affineParts(name, [1], numbers.map((number) => -number), shape)
        : affineParts(name, [-1], numbers, shape);
    case "multiply":
      return affineParts(name, numbers, [0], shape);
    case "divide":
      return isFirst && numbers.every((number) => number !== 0)
        ? affineParts(name, numbers.map((number) => 1 / number), [0], shape)
        : undefined;
  }
}

/** The first input less the second. */
export function subtractParts(name: string) {
  const turned = describeLayer("Rescaling", `${name}_negative`, { scale: -1, offset: 0 });
  return [
    { json: turned, reads: [{ input: 1 }] },
    { json: describeLayer("Add", name, {}), reads: [{ input: 0 }, { part: 0 }] },
  ];
}

/** Means of rows and columns. */
function translateMean(
  call: OperationCall,
  { name }: OperationSource,
): TranslatedLayer | undefined {
  const axis = call.options.axis ?? (call.arguments[1] as { value?: unknown } | undefined)?.value;
  const isSpatial = [[1, 2], [-3, -2]].some((axes) =>
    JSON.stringify(axes) === JSON.stringify(axis)
  );
  if (!isSpatial) return undefined;
  const pool = [{ json: describeLayer("GlobalAveragePooling2D", name, {}) }];
  const keeps = call.options.keepdims ?? call.options.keep_dims;
  if (keeps !== true) return { parts: pool };
  const reshape = describeLayer("Reshape", `${name}_keepdims`, { target_shape: [1, 1, -1] });
  return { parts: joinParts(pool, [{ json: reshape }]) };
}
