import h5wasm from "h5wasm";

const library = await h5wasm.ready;
const { FS } = library;

/** What the HDF5 library takes as an array: its type in the notation of NumPy. */
export interface FixtureArray {
  data: Float32Array | Float64Array | Int32Array | Uint16Array | Uint8Array | number[];
  shape: number[];
  dtype: string;
  /** Stored in pieces, compressed by zlib at this level. */
  chunks?: number[];
  compression?: number;
}

/** A group of a fixture: strings and lists of strings as attributes, groups and arrays as members. */
export interface FixtureGroup {
  attributes?: Record<string, string | string[]>;
  members?: Record<string, FixtureGroup | FixtureArray>;
}

type OpenGroup = InstanceType<typeof h5wasm.Group>;

/** An HDF5 file written by the HDF5 library itself, in the form h5py asks for unless told otherwise. */
export function encodeWithLibrary(
  root: FixtureGroup,
  oldest: "earliest" | "latest" = "earliest",
): Uint8Array<ArrayBuffer> {
  const name = `${crypto.randomUUID()}.h5`;
  const file = new h5wasm.File(name, "w", { libver: [oldest, "latest"] });
  fillGroup(file as OpenGroup, root);
  file.close();
  const bytes = Uint8Array.from(FS.readFile(name) as Uint8Array);
  FS.unlink(name);
  return bytes;
}

function fillGroup(group: OpenGroup, { attributes = {}, members = {} }: FixtureGroup): void {
  for (const [name, value] of Object.entries(attributes)) {
    const width = Math.max(1, ...[value].flat().map((text) => text.length));
    const dtype = Array.isArray(value) ? `S${width}` : "S";
    group.create_attribute(name, value as string, null, dtype);
  }
  for (const [name, member] of Object.entries(members)) {
    if ("shape" in member) createArray(group, name, member);
    else fillGroup(group.create_group(name) as OpenGroup, member);
  }
}

function createArray(
  group: OpenGroup,
  name: string,
  { data, shape, dtype, chunks, compression }: FixtureArray,
): void {
  group.create_dataset({
    name,
    data: data as Float32Array,
    shape,
    dtype,
    ...(chunks && { chunks, compression }),
  });
}

/** Opens a file with the HDF5 library, to look at what was written. */
export function withLibrary<T>(bytes: Uint8Array, look: (file: OpenGroup) => T): T {
  const name = `${crypto.randomUUID()}.h5`;
  FS.writeFile(name, bytes);
  const file = new h5wasm.File(name, "r");
  try {
    return look(file as OpenGroup);
  } finally {
    file.close();
    FS.unlink(name);
  }
}

/** The bytes of an array as the HDF5 library finds them, whatever its type. */
export function readElements(array: unknown): Uint8Array<ArrayBuffer> {
  const { file_id, path, metadata } = array as {
    file_id: bigint;
    path: string;
    metadata: { size: number; total_size: number };
  };
  const { _malloc, _free, get_dataset_data } = library as unknown as {
    _malloc: (bytes: number) => number;
    _free: (pointer: number) => void;
    get_dataset_data: (...place: unknown[]) => void;
  };
  const bytes = metadata.size * metadata.total_size;
  const pointer = _malloc(bytes);
  try {
    get_dataset_data(file_id, path, null, null, null, BigInt(pointer));
    return Uint8Array.from(library.HEAPU8.subarray(pointer, pointer + bytes));
  } finally {
    _free(pointer);
  }
}
