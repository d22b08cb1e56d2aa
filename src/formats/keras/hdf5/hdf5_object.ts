import { type AttributeText, readAttributes } from "./attributes.ts";
import { readStoredArray, type StoredArray } from "./dataset.ts";
import { FileBytes } from "./file_bytes.ts";
import { readLinks } from "./group_links.ts";
import { type HeaderMessage, MESSAGE, readObjectHeader } from "./object_header.ts";

const SIGNATURE = [0x89, 0x48, 0x44, 0x46, 0x0d, 0x0a, 0x1a, 0x0a];

/**
 * Tells an HDF5 file by its first eight bytes.
 *
 * @param bytes Any file.
 * @returns True for HDF5.
 */
export function isHdf5(bytes: Uint8Array): boolean {
  return SIGNATURE.every((value, index) => bytes[index] === value);
}

/** What Keras on Windows puts between the parts of a path, all of which is then one name. */
const BACKSLASH = "\\";

/** A group or an array of an HDF5 file. Nothing is read before it is asked for. */
export class Hdf5Object {
  readonly #file: FileBytes;
  readonly #messages: HeaderMessage[];
  readonly #further: ReadonlyMap<string, number>;
  #links?: ReadonlyMap<string, number>;
  #attributes?: Map<string, AttributeText>;

  /**
   * @param file The file.
   * @param address Where the object's header begins; undefined for a group that is only part of the names of others.
   * @param further Members that are named elsewhere, with the addresses of their headers.
   */
  constructor(
    file: FileBytes,
    address: number | undefined,
    further: ReadonlyMap<string, number> = new Map(),
  ) {
    this.#file = file;
    this.#messages = address === undefined ? [] : readObjectHeader(file, address);
    this.#further = further;
  }

  /** Whether it is an array. */
  get isArray(): boolean {
    return this.#messages.some(({ type }) => type === MESSAGE.dataspace);
  }

  /** Names of a group's members. */
  get names(): string[] {
    return [...new Set(this.#members().keys().map((name) => name.split(BACKSLASH)[0]))];
  }

  /** A member by its path; undefined when there is none. */
  find(path: string): Hdf5Object | undefined {
    const [name, ...rest] = path.split("/").filter((part) => part !== "");
    if (name === undefined) return this;
    const members = this.#members();
    const address = members.get(name), start = name + BACKSLASH;
    const further = new Map(
      members.entries().filter(([member]) => member.startsWith(start))
        .map(([member, place]) => [member.slice(start.length), place]),
    );
    if (address === undefined && further.size === 0) return undefined;
    return new Hdf5Object(this.#file, address, further).find(rest.join("/"));
  }

  /** The strings of an attribute; undefined when there is none, or when it holds numbers. */
  attribute(name: string): string[] | undefined {
    this.#attributes ??= readAttributes(this.#file, this.#messages);
    return this.#attributes.get(name);
  }

  /** The array's shape, type and bytes. */
  read(): StoredArray {
    return readStoredArray(this.#file, this.#messages);
  }

  #members(): ReadonlyMap<string, number> {
    return this.#links ??= new Map([
      ...readLinks(this.#file, this.#messages),
      ...this.#further,
    ]);
  }
}

/**
 * Opens an HDF5 file. Own code, because the HDF5 library for JavaScript that can write takes 4 MB, and the small one
 * follows the trees of a hostile file without end.
 *
 * @param bytes The whole file.
 * @param path Path of the file, for messages.
 * @returns Its root group.
 * @throws {InputError} When it is damaged, or of a form that h5py does not write.
 * @see HDF5 File Format Specification 3.0, https://docs.hdfgroup.org/archive/support/HDF5/doc/H5.format.html
 */
export function openHdf5(bytes: Uint8Array, path: string): Hdf5Object {
  const file = new FileBytes(bytes, path);
  const version = file.uint8(8);
  if (version > 3) throw file.unsupported(`HDF5 of version ${version}`);
  const sizesAt = version < 2 ? 13 : 9;
  if (file.uint8(sizesAt) !== 8 || file.uint8(sizesAt + 1) !== 8) {
    throw file.unsupported("addresses that are not of eight bytes");
  }
  const rootAt = version < 2 ? (version === 0 ? 64 : 68) : 36;
  return new Hdf5Object(file, file.length(rootAt));
}
