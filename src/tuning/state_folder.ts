import { mkdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { differences, fileError, InputError, readBytes, WorkerError } from "../base/mod.ts";

/** What the state of a run belongs to, by name; a run with anything else does not go on from it. */
export type Identity = Readonly<Record<string, unknown>>;

/** The state of a run: numbers by name, and arrays. */
export interface RunState {
  /** What JSON can hold. */
  readonly progress: Readonly<Record<string, unknown>>;
  /** Everything large. */
  readonly arrays: readonly Float32Array[];
}

const STATE_FILE = "state.json";
const ARRAY_FILE = "arrays.bin";
const VERSION = 3;

/**
 * Writes the state of a run, beside the older one first and then in its place.
 *
 * @param folder Folder of the state.
 * @param identity What it belongs to.
 * @param state What is written.
 * @throws {InputError} When the folder cannot be written.
 */
export async function saveState(
  folder: string,
  identity: Identity,
  { progress, arrays }: RunState,
): Promise<void> {
  const lengths = arrays.map(({ length }) => length);
  const text = JSON.stringify({ version: VERSION, identity, progress, lengths });
  const staging = `${folder}.${crypto.randomUUID()}`;
  try {
    await mkdir(staging, { recursive: true });
    await writeFile(join(staging, ARRAY_FILE), joinArrays(arrays));
    await writeFile(join(staging, STATE_FILE), text);
    await rm(folder, { recursive: true }).catch(() => {});
    await rename(staging, folder);
  } catch (error) {
    await rm(staging, { recursive: true }).catch(() => {});
    throw fileError(`writing the checkpoint ${folder}`, error);
  }
}

/** Whether a folder holds the state of a run. */
export async function hasState(folder: string): Promise<boolean> {
  try {
    return (await stat(join(folder, STATE_FILE))).isFile();
  } catch {
    return false;
  }
}

/**
 * Reads the state of a run.
 *
 * @param folder Folder of the state.
 * @param identity What it must belong to.
 * @returns The state.
 * @throws {InputError} When there is none, it is damaged, or it belongs to a run with other options, which are named.
 */
export async function loadState(folder: string, identity: Identity): Promise<RunState> {
  let state, bytes;
  try {
    state = JSON.parse(await readFile(join(folder, STATE_FILE), "utf8"));
    bytes = await readBytes(join(folder, ARRAY_FILE));
  } catch (error) {
    throw fileError(`reading the checkpoint ${folder}`, error);
  }
  if (state.version !== VERSION) {
    throw new InputError(
      `reading the checkpoint ${folder}: found version ${state.version}, wanted ${VERSION}; ` +
        `remove it and start anew, or go on with the Secateur that wrote it`,
    );
  }
  const different = differences(state.identity, identity);
  if (different.length > 0) {
    throw new InputError(
      `resuming from ${folder}: found a run with ${different.join("; ")}; ` +
        `give what it was begun with, or start anew without --resume`,
    );
  }
  const lengths: number[] = state.lengths;
  const wanted = lengths.reduce((sum, length) => sum + length, 0) * Float32Array.BYTES_PER_ELEMENT;
  if (bytes.length !== wanted) {
    throw new InputError(
      `reading the checkpoint ${folder}: found ${bytes.length} bytes of weights, wanted ${wanted}; ` +
        `the file is damaged, remove the folder and start anew`,
    );
  }
  return { progress: state.progress, arrays: splitArrays(bytes, lengths) };
}

/**
 * Says in the error of a lost thread that the state of the run is kept, where, and how to go on.
 *
 * @param error What ended the run.
 * @param folder Folder of the state; without one nothing is kept.
 * @param identity What the state belongs to.
 * @returns The error to throw: another one only for a lost thread, and only when there is a state to go on from.
 */
export async function nameState(
  error: unknown,
  folder: string | undefined,
  identity: Identity,
): Promise<unknown> {
  if (!(error instanceof WorkerError) || folder === undefined) return error;
  const isKept = await loadState(folder, identity).then(() => true, () => false);
  if (!isKept) return error;
  const message = `${error.message} with --resume: the last checkpoint is kept in ${folder}`;
  return new WorkerError(message, { cause: error });
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
