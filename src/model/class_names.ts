import { InputError, parseJson } from "../base/mod.ts";
import { isJsonObject } from "./topology.ts";

/** A line of Teachable Machine's labels.txt: a number, then the name. */
const NUMBERED = /^(\d+)[ \t:,]+(.*\S)$/;

/**
 * Reads class names in the order of a network's outputs: a name in every line; a number and a name (`0 cat`), as Teachable
 * Machine exports them; a list in JSON; or an object in JSON with the number of every name, as Keras' `class_indices`, or
 * the name of every number.
 *
 * @param text The file.
 * @param place Where it comes from, for messages.
 * @returns The names.
 * @throws {InputError} When there are none, one is there twice, or numbers are not 0, 1, 2 ….
 *
 * @example Read the labels of Teachable Machine
 * ```ts
 * import { parseClassNames } from "secateur";
 * import assert from "node:assert/strict";
 *
 * assert.deepEqual(parseClassNames("0 cat\n1 dog\n", "labels.txt"), ["cat", "dog"]);
 * ```
 */
export function parseClassNames(text: string, place: string): string[] {
  const plain = text.replace(/^\uFEFF/, "").trim();
  const names = /^[[{]/.test(plain) ? namesInJson(plain, place) : namesInLines(plain, place);
  const twice = names.find((name, index) => names.indexOf(name) < index);
  if (names.length > 0 && twice === undefined) return names;
  const found = twice === undefined ? "no name" : `the name "${twice}" twice`;
  throw new InputError(
    `reading ${place}: found ${found}, wanted a different name for every class; mend the file`,
  );
}

function namesInLines(text: string, place: string): string[] {
  const lines = text.split(/\r\n|\n|\r/).map((line) => line.trim()).filter((line) => line !== "");
  const numbered = lines.map((line) => NUMBERED.exec(line));
  const isNumbered = numbered.every((match) => match !== null);
  return isNumbered
    ? orderByNumber(numbered.map((match) => [match[2], Number(match[1])]), place)
    : lines;
}

function namesInJson(text: string, place: string): string[] {
  const content = parseContent(text, place);
  if (Array.isArray(content) && content.every((name) => typeof name === "string")) return content;
  if (isJsonObject(content)) {
    const entries = Object.entries(content);
    if (entries.every(([, value]) => typeof value === "number")) {
      return orderByNumber(entries as [string, number][], place);
    }
    if (entries.every(([key, value]) => /^\d+$/.test(key) && typeof value === "string")) {
      return orderByNumber(
        entries.map(([key, value]): [string, number] => [value as string, Number(key)]),
        place,
      );
    }
  }
  throw new InputError(
    `reading ${place}: found ${text.slice(0, 40)} …, wanted a list of names, or an object with ` +
      "the number of every name; mend the file",
  );
}

function parseContent(text: string, place: string): unknown {
  try {
    return parseJson(text);
  } catch (cause) {
    throw new InputError(
      `reading ${place}: found malformed JSON (${(cause as Error).message}), ` +
        "wanted class names; mend the file",
      { cause },
    );
  }
}

function orderByNumber(entries: readonly [name: string, number: number][], place: string) {
  const sorted = entries.toSorted(([, one], [, other]) => one - other);
  const stranger = sorted.findIndex(([, number], index) => number !== index);
  if (stranger < 0) return sorted.map(([name]) => name);
  throw new InputError(
    `reading ${place}: found the number ${sorted[stranger][1]} where ${stranger} was wanted; ` +
      "number the classes 0, 1, 2 … in the order of the model's outputs",
  );
}
