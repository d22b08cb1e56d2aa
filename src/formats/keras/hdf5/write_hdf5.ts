/** An array to write. */
export interface ArrayNode {
  /** Extent of every axis; empty for a scalar. */
  readonly shape: readonly number[];
  /** The elements: f32, f16, i32, or bytes for booleans. */
  readonly values: Float32Array | Float16Array | Int32Array | Uint8Array;
}

/** A group to write: its members by name. */
export interface GroupNode {
  /** Groups and arrays in the order they are written. */
  readonly members: Map<string, GroupNode | ArrayNode>;
}

const UNDEFINED_ADDRESS = 0xffff_ffff_ffff_ffffn;
const SUPERBLOCK_BYTES = 96;
const HEADER_PREFIX_BYTES = 16;
const MESSAGE_PREFIX_BYTES = 8;

/** A message of an object header: its type and content, whose length is a multiple of eight. */
interface Message {
  type: number;
  content: Uint8Array;
}

/** A node with its place in the file; every group's header needs the places of its members. */
interface PlacedNode {
  node: GroupNode | ArrayNode;
  address: number;
  /** Where an array's elements begin. */
  dataAddress: number;
  members: [name: string, member: PlacedNode][];
}

/**
 * Writes an HDF5 file as little as Keras needs: superblock 0, object headers of version 1, groups as link messages,
 * arrays in one piece.
 *
 *     superblock | header of root | header of member 1 | elements, if it is an array, or its members' headers | …
 *
 * @param root The root group.
 * @returns The file.
 * @throws {RangeError} When an array has more or fewer values than its shape, or a name is empty or contains a slash.
 * @see HDF5 File Format Specification 3.0, https://docs.hdfgroup.org/archive/support/HDF5/doc/H5.format.html
 */
export function writeHdf5(root: GroupNode): Uint8Array<ArrayBuffer> {
  const { placed, end } = place(root, SUPERBLOCK_BYTES);
  const bytes = new Uint8Array(end);
  bytes.set(encodeSuperblock(placed.address, end));
  writeNode(bytes, placed);
  return bytes;
}

function isGroup(node: GroupNode | ArrayNode): node is GroupNode {
  return "members" in node;
}

function alignToEight(bytes: number): number {
  return Math.ceil(bytes / 8) * 8;
}

/** Gives a node and all below it their addresses, from `address` on. */
function place(
  node: GroupNode | ArrayNode,
  address: number,
): { placed: PlacedNode; end: number } {
  const placed: PlacedNode = { node, address, dataAddress: 0, members: [] };
  if (isGroup(node)) {
    placed.members = [...node.members].map(([name, member]) => [
      name,
      { node: member, address: 0, dataAddress: 0, members: [] },
    ]);
  }
  let end = address + headerBytes(messagesOf(placed));
  if (!isGroup(node)) {
    placed.dataAddress = end;
    return { placed, end: alignToEight(end + node.values.byteLength) };
  }
  placed.members = placed.members.map(([name, member]) => {
    const inner = place(member.node, end);
    end = inner.end;
    return [name, inner.placed];
  });
  return { placed, end };
}

function headerBytes(messages: Message[]): number {
  return messages.reduce(
    (total, { content }) => total + MESSAGE_PREFIX_BYTES + content.length,
    HEADER_PREFIX_BYTES,
  );
}

function writeNode(bytes: Uint8Array, placed: PlacedNode): void {
  const messages = messagesOf(placed);
  const view = new DataView(bytes.buffer);
  view.setUint8(placed.address, 1);
  view.setUint16(placed.address + 2, messages.length, true);
  view.setUint32(placed.address + 4, 1, true);
  view.setUint32(placed.address + 8, headerBytes(messages) - HEADER_PREFIX_BYTES, true);
  let offset = placed.address + HEADER_PREFIX_BYTES;
  for (const { type, content } of messages) {
    view.setUint16(offset, type, true);
    view.setUint16(offset + 2, content.length, true);
    bytes.set(content, offset + MESSAGE_PREFIX_BYTES);
    offset += MESSAGE_PREFIX_BYTES + content.length;
  }
  if (!isGroup(placed.node)) {
    const { buffer, byteOffset, byteLength } = placed.node.values;
    bytes.set(new Uint8Array(buffer, byteOffset, byteLength), placed.dataAddress);
  }
  for (const [, member] of placed.members) writeNode(bytes, member);
}

function messagesOf({ node, dataAddress, members }: PlacedNode): Message[] {
  if (isGroup(node)) {
    return [
      { type: 0x02, content: encodeLinkInfo() },
      { type: 0x0a, content: new Uint8Array(8) },
      ...members.map(([name, { address }]) => ({ type: 0x06, content: encodeLink(name, address) })),
    ];
  }
  return [
    { type: 0x01, content: encodeDataspace(node) },
    { type: 0x03, content: encodeDatatype(node) },
    { type: 0x05, content: Uint8Array.of(2, 2, 2, 0, 0, 0, 0, 0) },
    { type: 0x08, content: encodeLayout(dataAddress, node.values.byteLength) },
  ];
}

/** Bytes that are filled field by field, then padded to a multiple of eight. */
function encodeFields(bytes: number, fill: (view: DataView) => void): Uint8Array {
  const content = new Uint8Array(alignToEight(bytes));
  fill(new DataView(content.buffer));
  return content;
}

function encodeSuperblock(rootAddress: number, end: number): Uint8Array {
  return encodeFields(SUPERBLOCK_BYTES, (view) => {
    [0x89, 0x48, 0x44, 0x46, 0x0d, 0x0a, 0x1a, 0x0a].forEach((value, index) => {
      view.setUint8(index, value);
    });
    view.setUint8(13, 8);
    view.setUint8(14, 8);
    view.setUint16(16, 4, true);
    view.setUint16(18, 16, true);
    view.setBigUint64(32, UNDEFINED_ADDRESS, true);
    view.setBigUint64(40, BigInt(end), true);
    view.setBigUint64(48, UNDEFINED_ADDRESS, true);
    view.setBigUint64(64, BigInt(rootAddress), true);
  });
}

/** Links are messages of the header, not in a heap: both its addresses are undefined. */
function encodeLinkInfo(): Uint8Array {
  return encodeFields(18, (view) => {
    view.setBigUint64(2, UNDEFINED_ADDRESS, true);
    view.setBigUint64(10, UNDEFINED_ADDRESS, true);
  });
}

/** A hard link with a UTF-8 name whose length takes two bytes. */
function encodeLink(name: string, address: number): Uint8Array {
  const text = new TextEncoder().encode(name);
  if (name === "" || name.includes("/") || text.length > 0xff00) {
    throw new RangeError(
      `writing HDF5: found the name ${JSON.stringify(name)}, wanted a plain one`,
    );
  }
  return encodeFields(5 + text.length + 8, (view) => {
    view.setUint8(0, 1);
    view.setUint8(1, 0x11);
    view.setUint8(2, 1);
    view.setUint16(3, text.length, true);
    new Uint8Array(view.buffer).set(text, 5);
    view.setBigUint64(5 + text.length, BigInt(address), true);
  });
}

function encodeDataspace({ shape, values }: ArrayNode): Uint8Array {
  const count = shape.reduce((product, extent) => product * extent, 1);
  if (count !== values.length) {
    throw new RangeError(
      `writing HDF5: found ${values.length} values, wanted ${count} for shape [${
        shape.join(", ")
      }]`,
    );
  }
  return encodeFields(8 + 8 * shape.length, (view) => {
    view.setUint8(0, 1);
    view.setUint8(1, shape.length);
    shape.forEach((extent, axis) => view.setBigUint64(8 + 8 * axis, BigInt(extent), true));
  });
}

/** Where an IEEE number has its sign, exponent and mantissa. */
interface FloatLayout {
  bits: number;
  exponentBits: number;
  mantissaBits: number;
}

/** A little-endian IEEE number: the mantissa lowest, the exponent above it, the sign on top. */
function encodeFloatType({ bits, exponentBits, mantissaBits }: FloatLayout): Uint8Array {
  return encodeFields(20, (view) => {
    [0x11, 0x20, bits - 1].forEach((value, index) => view.setUint8(index, value));
    view.setUint32(4, bits / 8, true);
    view.setUint16(10, bits, true);
    [mantissaBits, exponentBits, 0, mantissaBits].forEach((value, index) =>
      view.setUint8(12 + index, value)
    );
    view.setUint32(16, 2 ** (exponentBits - 1) - 1, true);
  });
}

/** f32, f16, i32, or unsigned bytes. */
function encodeDatatype({ values }: ArrayNode): Uint8Array {
  if (values instanceof Float32Array) {
    return encodeFloatType({ bits: 32, exponentBits: 8, mantissaBits: 23 });
  }
  if (values instanceof Float16Array) {
    return encodeFloatType({ bits: 16, exponentBits: 5, mantissaBits: 10 });
  }
  const bytes = values.BYTES_PER_ELEMENT;
  return encodeFields(12, (view) => {
    view.setUint8(0, 0x10);
    view.setUint8(1, values instanceof Int32Array ? 8 : 0);
    view.setUint32(4, bytes, true);
    view.setUint16(10, 8 * bytes, true);
  });
}

function encodeLayout(address: number, bytes: number): Uint8Array {
  return encodeFields(18, (view) => {
    view.setUint8(0, 3);
    view.setUint8(1, 1);
    view.setBigUint64(2, bytes > 0 ? BigInt(address) : UNDEFINED_ADDRESS, true);
    view.setBigUint64(10, BigInt(bytes), true);
  });
}
