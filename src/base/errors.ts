import {
  LIBRARY_WORDS,
  type Message,
  type OptionName,
  type OptionWords,
  writeMessage,
} from "./message.ts";

/**
 * An error that says what to do. Its message names options by what callers of the library write for them; whoever shows it
 * elsewhere has it in other words by {@link AdvisingError.describe}.
 *
 * @example Ask what option an error is about
 * ```ts
 * import { AdvisingError, refuseExistingModel } from "secateur";
 * import assert from "node:assert/strict";
 *
 * const error = await refuseExistingModel("cli/example/resnet8-fashion-mnist").catch((why) => why);
 * assert.ok(error instanceof AdvisingError);
 * assert.equal(error.option, "force");
 * assert.match(error.message, /choose another or replace it with force$/);
 * ```
 */
export class AdvisingError extends Error {
  readonly #parts: Message;

  /**
   * Writes the message in the words of the library.
   *
   * @param message What was being done, found and wanted, and what to do: a text, or several with options between them.
   * @param options The error that it follows from.
   */
  constructor(message: string | Message, options?: ErrorOptions) {
    const parts = typeof message === "string" ? [message] : message;
    super(writeMessage(parts, LIBRARY_WORDS), options);
    this.#parts = parts;
  }

  /** What the message consists of. */
  get parts(): Message {
    return this.#parts;
  }

  /** The option that is at fault or helps, the first of several; undefined when the message names none. */
  get option(): OptionName | undefined {
    return this.#parts.find((part) => typeof part !== "string")?.anyOf[0];
  }

  /**
   * The message in other words.
   *
   * @param words What options are called there.
   * @returns The text.
   *
   * @example Name options as a form does
   * ```ts
   * import { AdvisingError, LIBRARY_WORDS, refuseExistingModel } from "secateur";
   * import assert from "node:assert/strict";
   *
   * const words = { ...LIBRARY_WORDS, names: { ...LIBRARY_WORDS.names, force: '"Replace"' } };
   * const error = await refuseExistingModel("cli/example/resnet8-fashion-mnist").catch((why) => why);
   * assert.ok(error instanceof AdvisingError);
   * assert.match(error.describe(words), /choose another or replace it with "Replace"$/);
   * ```
   */
  describe(words: OptionWords): string {
    return writeMessage(this.#parts, words);
  }
}

/**
 * A failure the user can act on: a file, layer, option or value that is not as it should be.
 *
 * The command line prints its message alone (no stack) and exits with 1; callers of the library catch it to tell
 * bad input from a defect.
 *
 * @example Tell bad input from a defect
 * ```ts
 * import { InputError, openModel } from "secateur";
 * import assert from "node:assert/strict";
 *
 * try {
 *   await openModel("missing/model.json");
 * } catch (error) {
 *   if (!(error instanceof InputError)) throw error;
 *   assert.match(error.message, /missing\/model\.json.*; check the path$/);
 * }
 * ```
 */
export class InputError extends AdvisingError {
  /** Class name, kept through structured cloning between workers. */
  override readonly name = "InputError";
}

/**
 * A command or option that was used wrongly; the command line exits with 2.
 *
 * @example Tell a wrong call from bad input
 * ```ts
 * import { check, UsageError } from "secateur";
 * import assert from "node:assert/strict";
 *
 * try {
 *   await check({ model: "cli/example/resnet8-fashion-mnist", limits: { accuracy: 0.9 } });
 * } catch (error) {
 *   if (!(error instanceof UsageError)) throw error;
 *   assert.match(error.message, /^checking the limits: one of them needs/);
 * }
 * ```
 */
export class UsageError extends AdvisingError {
  /** Class name, kept through structured cloning between workers. */
  override readonly name = "UsageError";
}

/**
 * A thread that shared the work was lost, for want of memory for example. The work cannot go on without it; a run that
 * keeps its state can be resumed.
 *
 * @example Do the work on one thread where others are lost
 * ```ts
 * import { calibrate, WorkerError } from "secateur";
 * import assert from "node:assert/strict";
 *
 * const model = "cli/example/resnet8-fashion-mnist";
 * const options = { model, data: "cli/example/fashion-mnist", batches: 1 };
 * const { report } = await calibrate(options).catch((error) => {
 *   if (!(error instanceof WorkerError)) throw error;
 *   return calibrate({ ...options, workers: 1 });
 * });
 * assert.equal(report.images.shard, 128);
 * ```
 */
export class WorkerError extends AdvisingError {
  /** Class name, kept through structured cloning between workers. */
  override readonly name = "WorkerError";
}

/**
 * The message of any error, with the options that it names.
 *
 * @param error The error.
 * @returns Its message in parts.
 */
export function messageOf(error: Error): Message {
  return error instanceof AdvisingError ? error.parts : [error.message];
}

/** What helps against an error of the file system, by its code. */
const REMEDIES: Readonly<Record<string, string>> = {
  EACCES: "get access to it, or choose another place",
  EEXIST: "choose another name",
  EISDIR: "give the name of a file",
  EMFILE: "close other programs, or raise the limit of open files (ulimit -n)",
  ENOENT: "check the path",
  ENOSPC: "make room there, or choose another disk",
  ENOTDIR: "give a path whose parents are folders",
  EPERM: "get access to it, or choose another place",
  EROFS: "choose another place, this one is for reading alone",
};

/**
 * Makes an {@link InputError} from an error of the file system, with what to do about it.
 *
 * @param activity What was being done, with the path: `reading model.json`.
 * @param cause The error of the file system.
 * @param content What the file was to hold, for the message about one that is not there.
 * @returns The error to throw.
 *
 * @example Say what to do about a file that is not there
 * ```ts
 * import { fileError } from "secateur";
 * import assert from "node:assert/strict";
 * import { readFile } from "node:fs/promises";
 *
 * const reading = readFile("ratios.txt", "utf8").catch((cause) => {
 *   throw fileError("reading ratios.txt", cause, "a ratio list");
 * });
 * await assert.rejects(reading, {
 *   name: "InputError",
 *   message: "reading ratios.txt: found no such file, wanted a ratio list; check the path",
 * });
 * ```
 */
export function fileError(activity: string, cause: unknown, content?: string): InputError {
  const { message = String(cause), code = "" } = cause as { message?: string; code?: string };
  const isMissing = code === "ENOENT";
  // Deno says itself which permission helps.
  const found = isMissing ? "found no such file" : message.replace(", run again", "; run again");
  const wanted = isMissing && content !== undefined ? `, wanted ${content}` : "";
  const remedy = REMEDIES[code] ?? "check that the place is there and may be used";
  return new InputError(withAction(`${activity}: ${found}${wanted}`, remedy), { cause });
}

/**
 * A message that ends with what to do.
 *
 * @param message The message; what it says to do itself, behind a semicolon, stays.
 * @param action What to do otherwise.
 * @returns Both.
 */
export function withAction(message: string, action: string): string {
  return message.includes("; ") ? message : `${message}; ${action}`;
}
