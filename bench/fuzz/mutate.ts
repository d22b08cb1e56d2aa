import { unzipSync, zipSync } from "fflate";
import type { Random } from "../../src/base/random.ts";
import type { Files } from "./samples.ts";

/** What stands in the place of a value of JSON. */
const VALUES: readonly unknown[] = [
  ...[null, true, false, 0, -1, 1, 0.5, 1e308, -1e9, 2 ** 31, 2 ** 53, "", "0", "x".repeat(10_000)],
  ...["constructor", "toString", "__proto__", "../outside", "/etc/passwd", "\0", [], {}, [[]], [
    null,
  ]],
  ...[{ class_name: "Sequential", config: { layers: [] } }, Array(1000).fill(0), nested(600)],
];

function nested(levels: number): unknown {
  let value: unknown = 1;
  for (let level = 0; level < levels; level++) value = level % 2 ? [value] : { config: value };
  return value;
}

/** A whole number below a bound. */
function draw(random: Random, bound: number): number {
  return Math.floor(random() * bound);
}

function pick<Item>(random: Random, items: readonly Item[]): Item {
  return items[draw(random, items.length)];
}

/**
 * Changes real files where their structure is: values, names and places of JSON, members of archives, lengths and blocks
 * of bytes.
 *
 * @param files The files.
 * @param random Source of randomness.
 * @returns Others; some of them may be fine.
 */
export function mutate(files: Files, random: Random): Files {
  const mutant = new Map(files);
  const [name, bytes] = pick(random, [...files]);
  const times = 1 + draw(random, 3);
  let changed = bytes;
  for (let time = 0; time < times; time++) changed = mutateBytes(changed, random);
  mutant.set(name, changed);
  return mutant;
}

function mutateBytes(bytes: Uint8Array, random: Random): Uint8Array {
  if (random() < 0.3) return mutateBlock(bytes, random);
  if (bytes[0] === 0x50 && bytes[1] === 0x4b) return mutateArchive(bytes, random);
  return mutateJson(bytes, random) ?? mutateBlock(bytes, random);
}

function mutateArchive(bytes: Uint8Array, random: Random): Uint8Array {
  let members: Record<string, Uint8Array>;
  try {
    members = unzipSync(bytes);
  } catch {
    return mutateBlock(bytes, random);
  }
  const names = Object.keys(members);
  if (names.length === 0) return mutateBlock(bytes, random);
  const name = pick(random, names);
  const content = members[name];
  if (random() < 0.2) {
    delete members[name];
    if (random() < 0.7) {
      members[pick(random, ["../outside", "constructor", "/x", "", ...names])] = content;
    }
  } else members[name] = mutateJson(content, random) ?? mutateBlock(content, random);
  return zipSync(members, { level: 0 });
}

/** Finds JSON: a whole file, the lines of one, or what stands behind the length of safetensors. */
function mutateJson(bytes: Uint8Array, random: Random): Uint8Array | undefined {
  const text = new TextDecoder().decode(bytes);
  const whole = parse(text);
  if (whole) return encode(change(whole.value, random));
  const end = bytes.indexOf(10);
  const line = end > 0 ? parse(new TextDecoder().decode(bytes.subarray(0, end))) : undefined;
  if (line) return join(encode(change(line.value, random)), bytes.subarray(end));
  if (bytes.length < 10 || bytes[8] !== 0x7b) return undefined;
  const length = Number(new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true));
  const header = parse(new TextDecoder().decode(bytes.subarray(8, 8 + length)));
  if (!header) return undefined;
  const next = encode(change(header.value, random));
  const size = new Uint8Array(8);
  new DataView(size.buffer).setBigUint64(0, BigInt(next.length), true);
  return join(size, next, bytes.subarray(8 + length));
}

function parse(text: string): { value: unknown } | undefined {
  try {
    return { value: JSON.parse(text) };
  } catch {
    return undefined;
  }
}

function encode(value: unknown): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(value) ?? "null");
}

function join(...parts: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(parts.flatMap((part) => [...part]));
}

/** Walks to a random place and changes what is there, now and then into what stands elsewhere. */
function change(root: unknown, random: Random): unknown {
  const places: [holder: Record<string, unknown>, key: string][] = [];
  const stack = [root];
  for (let value = stack.pop(); value !== undefined && places.length < 5000; value = stack.pop()) {
    if (typeof value !== "object" || value === null) continue;
    for (const key of Object.keys(value)) {
      places.push([value as Record<string, unknown>, key]);
      stack.push((value as Record<string, unknown>)[key] ?? null);
    }
  }
  if (places.length === 0) return pick(random, VALUES);
  const [holder, key] = pick(random, places);
  const [other, otherKey] = pick(random, places);
  const kind = draw(random, 6);
  const value = holder[key];
  if (kind === 0) delete holder[key];
  else if (kind === 1) holder[key] = structuredClone(other[otherKey]);
  else if (kind === 2 && typeof value === "number") {
    holder[key] = value + pick(random, [-1, 1, 0.5, 1e6]);
  } else if (kind === 3 && Array.isArray(value)) holder[key] = [...value, ...value.slice(0, 3)];
  else if (kind === 4 && typeof value === "object" && value !== null) {
    const name = pick(random, ["constructor", "toString", "x", ...Object.keys(value)]);
    (value as Record<string, unknown>)[name] = pick(random, VALUES);
  } else holder[key] = pick(random, VALUES);
  return root;
}

/** Changes bytes, cuts them off, takes out or repeats a block, or puts an extreme number. */
function mutateBlock(bytes: Uint8Array, random: Random): Uint8Array {
  if (bytes.length === 0) return new Uint8Array([draw(random, 256)]);
  const start = random() < 0.5
    ? draw(random, Math.min(bytes.length, 256))
    : draw(random, bytes.length);
  const length = Math.min(bytes.length - start, 1 + draw(random, 64));
  const copy = bytes.slice();
  switch (draw(random, 6)) {
    case 0:
      copy[start] ^= 1 << draw(random, 8);
      return copy;
    case 1:
      return copy.subarray(0, start);
    case 2:
      return join(copy.subarray(0, start), copy.subarray(start + length));
    case 3:
      return join(copy.subarray(0, start + length), copy.subarray(start));
    case 4:
      copy.fill(pick(random, [0, 0xff, 0x7f, 0x80]), start, start + pick(random, [1, 2, 4, 8]));
      return copy;
    default:
      for (let index = start; index < start + length; index++) copy[index] = draw(random, 256);
      return copy;
  }
}
