/** As much of the protobuf wire format as onnx_file.ts needs: every function gives a field's bytes. */
type Bytes = Uint8Array<ArrayBuffer>;

/** Fields behind one another: the content of a message. */
export function join(...parts: readonly Uint8Array[]): Bytes {
  const joined = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let offset = 0;
  for (const part of parts) {
    joined.set(part, offset);
    offset += part.length;
  }
  return joined;
}

/** An integer, not negative. */
export function integer(field: number, value: number): Bytes {
  return join(varint(field << 3), varint(value));
}

/** A 32-bit float. */
export function float(field: number, value: number): Bytes {
  return join(varint(field << 3 | 5), new Uint8Array(Float32Array.of(value).buffer));
}

/** Bytes, text, or the fields of a message inside. */
export function content(field: number, value: string | Uint8Array): Bytes {
  const bytes = typeof value === "string" ? new TextEncoder().encode(value) : value;
  return join(varint(field << 3 | 2), varint(bytes.length), bytes);
}

/** Seven bits a byte, the lowest first. */
function varint(value: number): Bytes {
  const bytes = [];
  for (; value > 127; value = Math.floor(value / 128)) bytes.push(value % 128 | 128);
  return Uint8Array.of(...bytes, value);
}
