import type { ModelFrame } from "../../../model/mod.ts";
import {
  LAST_BYTE_CODE,
  OPERATOR_CODES,
  type OperatorName,
  TENSOR_TYPES,
  type TfliteModel,
  type TfliteOperator,
  type TfliteSubgraph,
  type TfliteTensor,
} from "../model.ts";

/** Versions of the operations that lead to other types and back, as newer element types of them want it. */
const VERSION = 2;

/**
 * Puts around the layers what the file that they came from has there: names and types of inputs and outputs, signatures, and
 * the tail, whose nodes stay as they are.
 *
 * @param model The layers as a file.
 * @param made Tensors of the outputs of the layers.
 * @param frame What is around them.
 * @param tail The tail as a file.
 * @returns The whole.
 */
export function addFrame(
  model: TfliteModel,
  made: readonly number[],
  frame: ModelFrame,
  tail: TfliteModel,
): TfliteModel {
  return new FramedModel(model, made, frame, tail).finish();
}

class FramedModel {
  readonly #model: TfliteModel;
  readonly #tail: TfliteModel;
  readonly #tensors: TfliteTensor[];
  readonly #ahead: TfliteOperator[] = [];
  readonly #behind: TfliteOperator[] = [];
  readonly #codes: NonNullable<TfliteModel["operatorCodes"]>[number][];
  /** Tensors of the whole by those of the tail. */
  readonly #places = new Map<number, number>();

  constructor(
    model: TfliteModel,
    made: readonly number[],
    frame: ModelFrame,
    tail: TfliteModel,
  ) {
    const [{ tensors = [], inputs: given = [] }] = model.subgraphs!;
    this.#model = model;
    this.#tail = tail;
    this.#tensors = [...tensors];
    this.#codes = [...model.operatorCodes ?? [], ...tail.operatorCodes ?? []];
    const [{ inputs = [], outputs = [] }] = tail.subgraphs!;
    frame.inputs.forEach(({ place }, index) => {
      if (place !== undefined) this.#leadIn(inputs[index], given[place]);
    });
    const border = inputs.slice(frame.inputs.length);
    const ends = new Map([
      ...frame.outputs.map(({ place }, index) => [outputs[index], place] as const),
      ...frame.tail!.inputs.map(({ place }, index) => [border[index], place] as const),
    ]);
    for (const [index, place] of ends) {
      if (place !== undefined) this.#leadOut(made[place], index);
    }
  }

  finish(): TfliteModel {
    const { operatorCodes = [], buffers = [], subgraphs: [body] = [] } = this.#model;
    const codes = operatorCodes.length;
    const [main, ...others] = this.#tail.subgraphs!;
    const move = (node: TfliteOperator): TfliteOperator => ({
      ...node,
      code: (node.code ?? 0) + codes,
    });
    const find = (index: number) => index === -1 ? -1 : this.#find(index);
    const tailNodes = (main.operators ?? []).map((node): TfliteOperator => ({
      ...move(node),
      inputs: node.inputs?.map(find),
      outputs: node.outputs?.map(find),
      ...(node.intermediates && { intermediates: node.intermediates.map(find) }),
    }));
    const given = (main.inputs ?? []).slice(0, body!.inputs!.length).map(find);
    const outputs = (main.outputs ?? []).map(find);
    const moved = others.map((graph): TfliteSubgraph => ({
      ...graph,
      tensors: graph.tensors?.map((tensor) => this.#moveTensor(tensor)),
      operators: graph.operators?.map(move),
    }));
    const signatures = this.#tail.signatures?.map((signature) =>
      (signature.subgraph ?? 0) !== 0 ? signature : {
        ...signature,
        inputs: signature.inputs?.map(({ tensor = 0, name }) => ({ name, tensor: find(tensor) })),
        outputs: signature.outputs?.map(({ tensor = 0, name }) => ({ name, tensor: find(tensor) })),
      }
    );
    return {
      ...this.#model,
      operatorCodes: this.#codes,
      buffers: [...buffers, ...this.#tail.buffers ?? []],
      subgraphs: [{
        ...body,
        tensors: this.#tensors,
        inputs: given,
        outputs,
        operators: [...this.#ahead, ...body!.operators ?? [], ...this.#behind, ...tailNodes],
      }, ...moved],
      signatures,
    };
  }

  /** The place of a tensor of the tail. */
  #find(index: number): number {
    const known = this.#places.get(index);
    if (known !== undefined) return known;
    const place = this.#tensors.push(this.#moveTensor(this.#tensorAt(index))) - 1;
    this.#places.set(index, place);
    return place;
  }

  #tensorAt(index: number): TfliteTensor {
    return this.#tail.subgraphs![0].tensors![index];
  }

  #moveTensor(tensor: TfliteTensor): TfliteTensor {
    const { buffer = 0 } = tensor;
    if (buffer === 0) return tensor;
    return { ...tensor, buffer: buffer + this.#model.buffers!.length };
  }

  /** Leads from an input of the file to one of the layers. */
  #leadIn(index: number, layers: number): void {
    if (this.#isSame(index, layers)) return;
    const operator = this.#tensorAt(index).quantization?.scale ? "DEQUANTIZE" : "CAST";
    this.#ahead.push(this.#makeNode(operator, this.#find(index), layers));
  }

  /** Leads from a tensor of the layers to one of the file. */
  #leadOut(layers: number, index: number): void {
    if (this.#isSame(index, layers)) return;
    const tensor = this.#tensorAt(index);
    const operator = tensor.quantization?.scale
      ? "QUANTIZE"
      : tensor.type === TENSOR_TYPES.float32
      ? "RESHAPE"
      : "CAST";
    this.#behind.push(this.#makeNode(operator, layers, this.#find(index)));
  }

  /** Takes a tensor of the layers for one of the file, under that one's name, where both hold floats. */
  #isSame(index: number, layers: number): boolean {
    const { name, type = 0 } = this.#tensorAt(index);
    const isTaken = this.#places.values().some((place) => place === layers);
    if (type !== TENSOR_TYPES.float32 || isTaken) return false;
    this.#tensors[layers] = { ...this.#tensors[layers], name };
    this.#places.set(index, layers);
    return true;
  }

  #makeNode(operator: OperatorName, input: number, output: number): TfliteOperator {
    const code = OPERATOR_CODES[operator];
    const deprecatedCode = Math.min(code, LAST_BYTE_CODE);
    const place = this.#codes.push({ deprecatedCode, code, version: VERSION }) - 1;
    return { code: place, inputs: [input], outputs: [output] };
  }
}
