import { InputError, UsageError } from "../errors.ts";
import type { Station, StationSpec } from "./station.ts";

/** The requests a station answers. */
export type StationMethod = {
  [Name in keyof Station]: Station[Name] extends (...args: never[]) => Promise<unknown>
    ? Name extends "onBatch" ? never : Name
    : never;
}[keyof Station];

/** Arguments of a request. */
export type StationArguments<Name extends StationMethod> = Parameters<Station[Name]>;

/** Answer to a request. */
export type StationAnswer<Name extends StationMethod> = Awaited<ReturnType<Station[Name]>>;

/** What a worker is sent: first the lock that tells that it lives, then its specification, then requests. */
export type WorkerRequest =
  | { readonly id: number; readonly lifeline: string }
  | { readonly id: number; readonly open: StationSpec }
  | { readonly id: number; readonly method: StationMethod; readonly args: unknown[] };

/** What a worker answers. */
export type WorkerResponse =
  | { readonly id: number; readonly value: unknown }
  | { readonly id: number; readonly error: ErrorRecord };

/** An error on its way between threads, where classes are lost. */
export interface ErrorRecord {
  /** Name of its class. */
  readonly name: string;
  /** Its message. */
  readonly message: string;
  /** Where it was thrown. */
  readonly stack?: string;
}

/** Turns an error into a record that can be cloned. */
export function recordError(error: unknown): ErrorRecord {
  if (!(error instanceof Error)) return { name: "Error", message: String(error) };
  return { name: error.name, message: error.message, stack: error.stack };
}

/** Makes an error of the class it had in the other thread. */
export function reviveError({ name, message, stack }: ErrorRecord): Error {
  const known = [InputError, UsageError].find((candidate) => candidate.name === name);
  const error = known ? new known(message) : new Error(message);
  if (stack !== undefined) error.stack = stack;
  return error;
}
