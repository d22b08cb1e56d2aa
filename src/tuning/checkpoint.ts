import { join } from "node:path";
import { InputError } from "../errors.ts";
import type { EpochReport, TuningOptions } from "./options.ts";

/** Everything a run needs to go on as if it had not been interrupted. */
export interface Checkpoint {
  /** Steps done. */
  readonly step: number;
  /** Epochs done. */
  readonly history: readonly EpochReport[];
  /** Sums of the epoch under way. */
  readonly running: { readonly loss: number; readonly correct: number; readonly images: number };
  /** Flat weights. */
  readonly weights: Float32Array;
  /** State of the optimizer. */
  readonly optimizer: Float32Array;
  /** The best weights so far, and their validation accuracy. */
  readonly best?: { readonly accuracy: number; readonly weights: Float32Array };
}

/** What a checkpoint belongs to; a run with anything else does not go on from it. */
export interface RunIdentity {
  /** The network that the run started from. */
  readonly network: string;
  /** Images of the train split. */
  readonly images: number;
  /** Threads. */
  readonly workers: number;
  /** Settings. */
  readonly options: TuningOptions;
}

const STATE_FILE = "state.json";
const ARRAY_FILE = "arrays.bin";
const VERSION = 1;

/**
 * Writes a checkpoint, beside the older one first and then in its place.
 *
 * @param folder Folder of the checkpoint.
 * @param identity What it belongs to.
 * @param checkpoint What is written.
 * @throws {InputError} When the folder cannot be written.
 */
export async function saveCheckpoint(
  folder: string,
  identity: RunIdentity,
  checkpoint: Checkpoint,
): Promise<void> {
  const { weights, optimizer, best, ...progress } = checkpoint;
  const arrays = [weights, optimizer, ...(best ? [best.weights] : [])];
  const state = {
    version: VERSION,
    identity,
    ...progress,
    bestAccuracy: best?.accuracy,
    lengths: arrays.map(({ length }) => length),
  };
  const staging = `${folder}.${crypto.randomUUID()}`;
  try {
    await Deno.mkdir(staging, { recursive: true });
    await Deno.writeFile(join(staging, ARRAY_FILE), joinArrays(arrays));
    await Deno.writeTextFile(join(staging, STATE_FILE), JSON.stringify(state));
    await Deno.remove(folder, { recursive: true }).catch(() => {});
    await Deno.rename(staging, folder);
  } catch (error) {
    await Deno.remove(staging, { recursive: true }).catch(() => {});
    throw new InputError(`writing the checkpoint ${folder}: ${(error as Error).message}`, {
      cause: error,
    });
  }
}

/**
 * Reads a checkpoint.
 *
 * @param folder Folder of the checkpoint.
 * @param identity What it must belong to.
 * @returns The checkpoint.
 * @throws {InputError} When there is none, it is damaged, or it belongs to a run with other options, which are named.
 */
export async function loadCheckpoint(folder: string, identity: RunIdentity): Promise<Checkpoint> {
  let state, bytes;
  try {
    state = JSON.parse(await Deno.readTextFile(join(folder, STATE_FILE)));
    bytes = await Deno.readFile(join(folder, ARRAY_FILE));
  } catch (error) {
    throw new InputError(`reading the checkpoint ${folder}: ${(error as Error).message}`, {
      cause: error,
    });
  }
  if (state.version !== VERSION) {
    throw new InputError(
      `reading the checkpoint ${folder}: found version ${state.version}, wanted ${VERSION}`,
    );
  }
  const differences = describeDifferences(flatten(state.identity), flatten(identity));
  if (differences.length > 0) {
    throw new InputError(
      `resuming from ${folder}: the run had other options: ${differences.join("; ")}; ` +
        `give the same, or start anew without --resume`,
    );
  }
  const lengths: number[] = state.lengths;
  const wanted = lengths.reduce((sum, length) => sum + length, 0) * Float32Array.BYTES_PER_ELEMENT;
  if (bytes.length !== wanted) {
    throw new InputError(
      `reading the checkpoint ${folder}: found ${bytes.length} bytes of weights, wanted ${wanted}`,
    );
  }
  const [weights, optimizer, best] = splitArrays(bytes, lengths);
  const { step, history, running, bestAccuracy } = state;
  return {
    step,
    history,
    running,
    weights,
    optimizer,
    ...(best ? { best: { accuracy: bestAccuracy, weights: best } } : {}),
  };
}

function flatten({ options, ...rest }: RunIdentity): Record<string, unknown> {
  return { ...rest, ...options };
}

function describeDifferences(
  had: Record<string, unknown>,
  wants: Record<string, unknown>,
): string[] {
  return [...new Set([...Object.keys(had), ...Object.keys(wants)])]
    .filter((name) => had[name] !== wants[name])
    .map((name) => `${name} was ${had[name]}, now ${wants[name]}`);
}

function joinArrays(arrays: readonly Float32Array[]): Uint8Array {
  const joined = new Float32Array(arrays.reduce((sum, { length }) => sum + length, 0));
  let offset = 0;
  for (const array of arrays) {
    joined.set(array, offset);
    offset += array.length;
  }
  return new Uint8Array(joined.buffer);
}

function splitArrays(bytes: Uint8Array, lengths: readonly number[]): Float32Array[] {
  const joined = new Float32Array(bytes.slice().buffer);
  let offset = 0;
  return lengths.map((length) => joined.slice(offset, offset += length));
}
