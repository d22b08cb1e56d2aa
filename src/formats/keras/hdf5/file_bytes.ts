import { InputError } from "../../../base/mod.ts";

/** An address that points nowhere, as HDF5 writes it. */
const UNDEFINED_ADDRESS = 0xffff_ffff_ffff_ffffn;

/** The bytes of an HDF5 file; every read is checked against their end. */
export class FileBytes {
  /** All bytes. */
  readonly bytes: Uint8Array;
  /** Path of the file, for messages. */
  readonly path: string;
  readonly #view: DataView;

  /**
   * @param bytes The whole file; it is not copied.
   * @param path Path of the file, for messages.
   */
  constructor(bytes: Uint8Array, path: string) {
    this.bytes = bytes;
    this.path = path;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  /** An unsigned byte. */
  uint8(offset: number): number {
    return this.#view.getUint8(this.#check(offset, 1));
  }

  /** Two bytes, unsigned. */
  uint16(offset: number): number {
    return this.#view.getUint16(this.#check(offset, 2), true);
  }

  /** Four bytes, unsigned. */
  uint32(offset: number): number {
    return this.#view.getUint32(this.#check(offset, 4), true);
  }

  /** Eight bytes, unsigned; a length or an extent. */
  length(offset: number): number {
    const value = this.#view.getBigUint64(this.#check(offset, 8), true);
    if (value > BigInt(Number.MAX_SAFE_INTEGER)) throw this.fault(`a size of ${value} bytes`);
    return Number(value);
  }

  /** Eight bytes that say where something lies; undefined where they say nowhere. */
  address(offset: number): number | undefined {
    const value = this.#view.getBigUint64(this.#check(offset, 8), true);
    return value === UNDEFINED_ADDRESS ? undefined : this.length(offset);
  }

  /** A part of the file, not copied. */
  span(offset: number, length: number): Uint8Array {
    this.#check(offset, length);
    return this.bytes.subarray(offset, offset + length);
  }

  /** Text of a known length; zeros and what follows them are padding. */
  text(offset: number, length: number): string {
    const span = this.span(offset, length);
    const end = span.indexOf(0);
    return new TextDecoder().decode(end < 0 ? span : span.subarray(0, end));
  }

  /** Refuses a block that does not begin with its signature of four letters. */
  requireSignature(offset: number, signature: string): void {
    const found = new TextDecoder("latin1").decode(this.span(offset, 4));
    if (found !== signature) {
      throw this.fault(`${JSON.stringify(found)} at byte ${offset}`, `a block ${signature}`);
    }
  }

  /** The refusal of a file that is not whole. */
  fault(found: string, wanted = "an intact HDF5 file"): InputError {
    return new InputError(
      `reading ${this.path}: found ${found}, wanted ${wanted}; the file is damaged, copy it again`,
    );
  }

  /** The refusal of a part of HDF5 that Keras does not use. */
  unsupported(found: string): InputError {
    return new InputError(
      `reading ${this.path}: found ${found}, wanted a file as Keras writes it; ` +
        `load it in Keras and save it again`,
    );
  }

  #check(offset: number, length: number): number {
    if (offset >= 0 && length >= 0 && offset + length <= this.bytes.length) return offset;
    throw this.fault(
      `${this.bytes.length} bytes`,
      `${offset + length}, where the HDF5 file says that a part of it ends`,
    );
  }
}
