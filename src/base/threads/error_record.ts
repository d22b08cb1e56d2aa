import { InputError, messageOf, UsageError } from "../errors.ts";
import { type Message, writeMessage } from "../message.ts";

/** An error on its way between threads, where classes are lost. */
export interface ErrorRecord {
  /** Name of its class. */
  readonly name: string;
  /** Its message, with the options that it names. */
  readonly message: Message;
  /** Where it was thrown. */
  readonly stack?: string;
}

/** Turns an error into a record that can be cloned. */
export function recordError(error: unknown): ErrorRecord {
  if (!(error instanceof Error)) return { name: "Error", message: [String(error)] };
  return { name: error.name, message: messageOf(error), stack: error.stack };
}

/** Makes an error of the class it had in the other thread. */
export function reviveError({ name, message, stack }: ErrorRecord): Error {
  const known = [InputError, UsageError].find((candidate) => candidate.name === name);
  const error = known ? new known(message) : new Error(writeMessage(message));
  if (stack !== undefined) error.stack = stack;
  return error;
}
