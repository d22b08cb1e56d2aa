/**
 * An option of the library that a message may name. `originalTeacher` is `teacher` where it is the unpruned model, which can
 * have a word of its own.
 */
export type OptionName =
  | "batch"
  | "batches"
  | "batchSize"
  | "blobs"
  | "classes"
  | "data"
  | "dataFolder"
  | "force"
  | "format"
  | "inputSize"
  | "labels"
  | "latencyTable"
  | "maxDrop"
  | "maxError"
  | "mean"
  | "net"
  | "originalTeacher"
  | "preset"
  | "quantize"
  | "queue"
  | "ratio"
  | "reference"
  | "resume"
  | "runtime"
  | "scale"
  | "share"
  | "shift"
  | "skip"
  | "slowSelectors"
  | "statistics"
  | "std"
  | "target"
  | "teacher"
  | "validationImages"
  | "workers";

/** What the options are called where messages are shown: on a command line, on a page, to callers of the library. */
export interface OptionWords {
  /** The word for each option. */
  readonly names: Readonly<Record<OptionName, string>>;
  /**
   * The word for an option of one input of a model with several.
   *
   * @param name The word for the option.
   * @param input Name of the input.
   * @returns Both in one.
   */
  nameForInput(name: string, input: string): string;
}

/** Options in a message, any of which helps or is at fault. */
export interface OptionMention {
  /** The options. */
  readonly anyOf: readonly OptionName[];
  /** Name of the input that they are for, where a model has several. */
  readonly input?: string;
}

/** A message: texts, and the options that it names between them. It is plain data. */
export type Message = readonly (string | OptionMention)[];

/** What a report says: a text, or a message that names options. Either is plain data. */
export type Notice = string | Message;

/** What callers of the library write for its options. */
export const LIBRARY_WORDS: OptionWords = {
  names: {
    batch: "batch",
    batches: "batches",
    batchSize: "batchSize",
    blobs: "blobs",
    classes: "classes",
    data: "data",
    dataFolder: "dataFolder",
    force: "force",
    format: "format",
    inputSize: "inputSize",
    labels: "labels: false",
    latencyTable: "latencyTable",
    maxDrop: "maxDrop",
    maxError: "maxError",
    mean: "mean",
    net: "net",
    originalTeacher: 'teacher: "original"',
    preset: "preset",
    quantize: "quantize",
    queue: "queue",
    ratio: "ratio",
    reference: "reference",
    resume: "resume",
    runtime: "runtime",
    scale: "scale",
    share: "share",
    shift: "shift",
    skip: "skip",
    slowSelectors: "slowSelectors: true",
    statistics: "statistics",
    std: "std",
    target: "target",
    teacher: "teacher",
    validationImages: "validationImages",
    workers: "workers",
  },
  nameForInput: (name, input) => `inputs.${input}.${name}`,
};

/**
 * Names an option in a message.
 *
 * @param name The option.
 * @param input The input that it is for, where a model has several.
 * @returns The part of the message.
 */
export function option(name: OptionName, input?: string): OptionMention {
  return anyOf([name], input);
}

/**
 * Names several options in a message, any of which helps.
 *
 * @param names The options.
 * @param input The input that they are for, where a model has several.
 * @returns The part of the message.
 */
export function anyOf(names: readonly OptionName[], input?: string): OptionMention {
  return input === undefined ? { anyOf: names } : { anyOf: names, input };
}

/**
 * Writes a message.
 *
 * @param message The message; a text stays as it is.
 * @param words What its options are called; of those that are called the same one is named. Default: as callers of the
 * library write them.
 * @returns The text.
 *
 * @example Name options as a form does
 * ```ts
 * import { LIBRARY_WORDS, type Notice, writeMessage } from "secateur";
 * import assert from "node:assert/strict";
 *
 * const failure: Notice = ["too few images are held out; raise ", { anyOf: ["validationImages"] }];
 * const words = { ...LIBRARY_WORDS, names: { ...LIBRARY_WORDS.names, validationImages: '"Held out"' } };
 * assert.match(writeMessage(failure), /raise validationImages$/);
 * assert.match(writeMessage(failure, words), /raise "Held out"$/);
 * ```
 */
export function writeMessage(message: Notice, words: OptionWords = LIBRARY_WORDS): string {
  return partsOf(message)
    .map((part) => typeof part === "string" ? part : writeMention(part, words))
    .join("");
}

/** The parts of what a report says. */
export function partsOf(notice: Notice): Message {
  return typeof notice === "string" ? [notice] : notice;
}

/**
 * Tells messages from anything else that a file or another process may hold.
 *
 * @param value Plain data.
 * @returns Whether it is a message, whose options are known.
 */
export function isMessage(value: unknown): value is Message {
  return Array.isArray(value) &&
    value.every((part) => typeof part === "string" || isMention(part as OptionMention | null));
}

function isMention(part: OptionMention | null): boolean {
  const { anyOf, input } = { ...part };
  return Array.isArray(anyOf) && anyOf.length > 0 &&
    anyOf.every((name) => Object.hasOwn(LIBRARY_WORDS.names, name)) &&
    (input === undefined || typeof input === "string");
}

function writeMention(
  { anyOf, input }: OptionMention,
  { names, nameForInput }: OptionWords,
): string {
  const called = anyOf.map((name) =>
    input === undefined ? names[name] : nameForInput(names[name], input)
  );
  const [last, ...others] = [...new Set(called)].reverse();
  return others.length === 0 ? last : `${others.reverse().join(", ")} or ${last}`;
}
