/**
 * What the core imports from Node, for a browser, which has none of it: the bundle for browsers puts this module in the
 * place of all `node:` modules but `node:path`, for which pathe stands, and `node:worker_threads`, for which
 * browser_threads.ts does. The build fails at a name that is not here.
 *
 * @module
 */
import { InputError } from "../src/base/errors.ts";

function refuse(name: string): () => never {
  return () => {
    throw new InputError(
      `calling ${name}: found a browser, which has no files or processes of Node; ` +
        "give models and images in memory, and neither files nor latencies",
    );
  };
}

export const appendFile = refuse("appendFile");
export const closeSync = refuse("closeSync");
export const copyFile = refuse("copyFile");
export const cpus = refuse("cpus");
export const createHash = refuse("createHash");
export const createReadStream = refuse("createReadStream");
export const createRequire = refuse("createRequire");
export const fstatSync = refuse("fstatSync");
export const link = refuse("link");
export const mkdir = refuse("mkdir");
export const mkdtemp = refuse("mkdtemp");
export const mkdtempSync = refuse("mkdtempSync");
export const open = refuse("open");
export const openSync = refuse("openSync");
export const readdir = refuse("readdir");
export const readFile = refuse("readFile");
export const readFileSync = refuse("readFileSync");
export const readSync = refuse("readSync");
export const realpath = refuse("realpath");
export const rename = refuse("rename");
export const rm = refuse("rm");
export const rmSync = refuse("rmSync");
export const rmdir = refuse("rmdir");
export const stat = refuse("stat");
export const tmpdir = refuse("tmpdir");
export const truncate = refuse("truncate");
export const utimes = refuse("utimes");
export const writeFile = refuse("writeFile");
export const writeSync = refuse("writeSync");

/** The checksum of ISO 3309, reflected, as zlib has it. */
export function crc32(bytes: Uint8Array): number {
  let checksum = ~0;
  for (const byte of bytes) {
    checksum ^= byte;
    for (let bit = 0; bit < 8; bit++) {
      checksum = checksum >>> 1 ^ (checksum & 1 ? 0xedb88320 : 0);
    }
  }
  return ~checksum >>> 0;
}

/** One thread does the work, unless more are asked for. */
export const availableParallelism = () => 1;

/** Of the process, latencies alone ask. */
export default { cpuUsage: refuse("cpuUsage"), platform: "browser", arch: "wasm" };
