import { stat } from "node:fs/promises";
import { join } from "node:path";
import {
  differences,
  fileError,
  InputError,
  makeFolder,
  option,
  parseJson,
  readBytes,
  statFile,
  WorkerError,
  writeWholeFile,
} from "../base/mod.ts";
import { isJsonObject } from "../model/mod.ts";
import type { RunIdentity } from "../session/mod.ts";

/** Where a run keeps its state. */
export interface StatePlace {
  /** The folder. */
  readonly folder: string;
  /** What the state belongs to; a run that is anything else does not go on from it. */
  readonly identity: RunIdentity;
  /** Go on from the state that is there. */
  readonly resume: boolean;
}

/** The state of a run: numbers by name, and arrays. */
export interface RunState {
  /** What JSON can hold. */
  readonly progress: Readonly<Record<string, unknown>>;
  /** Everything large. */
  readonly arrays: readonly Float32Array[];
}

/** A line of JSON, and the bytes of the arrays behind it: one file, so that it is replaced as a whole. */
const STATE_FILE = "state.bin";

/** A state of version 3 or older, whose arrays were in a file of their own. */
const OLDER_STATE_FILE = "state.json";

const VERSION = 5;

const LINE_FEED = 10;

/** The line of JSON. */
interface StateRecord extends Pick<RunState, "progress"> {
  readonly version: number;
  readonly identity: RunIdentity;
  /** Elements of every array. */
  readonly lengths: readonly number[];
}

/**
 * Writes the state of a run: at any moment the older state or the newer one is there as a whole.
 *
 * @param place Where.
 * @param state What is written.
 * @throws {InputError} When the folder cannot be written.
 */
export async function saveState(
  { folder, identity }: Omit<StatePlace, "resume">,
  { progress, arrays }: RunState,
): Promise<void> {
  const lengths = arrays.map(({ length }) => length);
  const record: StateRecord = { version: VERSION, identity, progress, lengths };
  const head = new TextEncoder().encode(`${JSON.stringify(record)}\n`);
  await makeFolder(folder).catch((cause) => {
    throw fileError(`writing the checkpoint ${folder}`, cause);
  });
  await writeWholeFile(join(folder, STATE_FILE), [head, ...arrays.map(bytesOf)]);
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
 * @param place Where, and what it must belong to.
 * @returns The state.
 * @throws {InputError} When there is none, it is damaged, of another version, or belongs to another run, with the
 * difference.
 */
export async function loadState(
  { folder, identity }: Omit<StatePlace, "resume">,
): Promise<RunState> {
  const bytes = await readStateFile(folder);
  const end = bytes.indexOf(LINE_FEED) + 1;
  const { identity: found, progress, lengths } = parseRecord(folder, bytes.subarray(0, end));
  const different = differences(found, identity);
  if (different.length > 0) {
    throw new InputError([
      `resuming from ${folder}: found a run with ${different.join("; ")}; ` +
      "give what it was begun with, or start anew without ",
      option("resume"),
    ]);
  }
  const wanted = lengths.reduce((sum, length) => sum + length, 0) * Float32Array.BYTES_PER_ELEMENT;
  if (bytes.length - end !== wanted) {
    throw damagedState(folder, `${bytes.length - end} bytes of weights, wanted ${wanted}`);
  }
  let offset = end;
  const arrays = lengths.map((length) => {
    const start = offset;
    offset += length * Float32Array.BYTES_PER_ELEMENT;
    return new Float32Array(bytes.slice(start, offset).buffer);
  });
  return { progress, arrays };
}

async function readStateFile(folder: string): Promise<Uint8Array> {
  try {
    return await readBytes(join(folder, STATE_FILE));
  } catch (cause) {
    if (await statFile(join(folder, OLDER_STATE_FILE))) throw strangeVersion(folder, "3 or older");
    throw fileError(`reading the checkpoint ${folder}`, cause);
  }
}

function parseRecord(folder: string, line: Uint8Array): StateRecord {
  let record: StateRecord;
  try {
    record = parseJson(new TextDecoder().decode(line)) as StateRecord;
  } catch {
    throw damagedState(folder, "no record of a run in the first line");
  }
  const version: unknown = record?.version;
  if (version !== VERSION) throw strangeVersion(folder, JSON.stringify(version) ?? "none");
  const { progress, lengths } = record;
  const isWhole = isJsonObject(progress) && Array.isArray(lengths) &&
    lengths.every((length) => Number.isSafeInteger(length) && length >= 0);
  if (!isWhole) throw damagedState(folder, "no progress and lengths in the first line");
  return record;
}

/**
 * The error of a state that is not as it was written.
 *
 * @param folder Where it is.
 * @param found What is wrong with it.
 * @returns The error to throw.
 */
export function damagedState(folder: string, found: string): InputError {
  return new InputError(
    `reading the checkpoint ${folder}: found ${found}; ` +
      `the file is damaged, remove the folder and start anew`,
  );
}

function strangeVersion(folder: string, found: string): InputError {
  return new InputError(
    `reading the checkpoint ${folder}: found version ${found}, wanted ${VERSION}; ` +
      `remove it and start anew, or go on with the Secateur that wrote it`,
  );
}

/**
 * Says in the error of a lost thread that the state of the run is kept, where, and how to go on.
 *
 * @param error What ended the run.
 * @param place Where the state is; without a place nothing is kept.
 * @returns The error to throw: another one only for a lost thread, and only when there is a state to go on from.
 */
export async function nameState(
  error: unknown,
  place: Omit<StatePlace, "resume"> | undefined,
): Promise<unknown> {
  if (!(error instanceof WorkerError) || place === undefined) return error;
  const isKept = await loadState(place).then(() => true, () => false);
  if (!isKept) return error;
  const where = `: the last checkpoint is kept in ${place.folder}`;
  return new WorkerError([...error.parts, " with ", option("resume"), where], { cause: error });
}

/** The bytes of an array; memory that threads share is copied. */
function bytesOf(array: Float32Array): Uint8Array {
  const { buffer, byteOffset, byteLength } = array.buffer instanceof ArrayBuffer
    ? array
    : array.slice();
  return new Uint8Array(buffer, byteOffset, byteLength);
}
