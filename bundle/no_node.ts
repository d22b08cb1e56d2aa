/**
 * What the core imports from Node, for a browser, which has none of it: the bundle for browsers puts this module in the
 * place of all `node:` modules, and of the libraries of a queue. The build fails at a name that is not here.
 *
 * @module
 */
import { InputError } from "../src/errors.ts";

function refuse(name: string): () => never {
  return () => {
    throw new InputError(
      `calling ${name}: found a browser, which has no files, processes or threads of Node; ` +
        "give models and images in memory, and neither files nor latencies",
    );
  };
}

export const appendFile = refuse("appendFile");
export const basename = refuse("basename");
export const closeSync = refuse("closeSync");
export const copyFile = refuse("copyFile");
export const cpus = refuse("cpus");
export const crc32 = refuse("crc32");
export const createHash = refuse("createHash");
export const createReadStream = refuse("createReadStream");
export const dirname = refuse("dirname");
export const extname = refuse("extname");
export const fstatSync = refuse("fstatSync");
export const isAbsolute = refuse("isAbsolute");
export const join = refuse("join");
export const mkdir = refuse("mkdir");
export const mkdtemp = refuse("mkdtemp");
export const open = refuse("open");
export const openSync = refuse("openSync");
export const readdir = refuse("readdir");
export const readFile = refuse("readFile");
export const readSync = refuse("readSync");
export const realpath = refuse("realpath");
export const relative = refuse("relative");
export const rename = refuse("rename");
export const resolve = refuse("resolve");
export const rm = refuse("rm");
export const rmdir = refuse("rmdir");
export const stat = refuse("stat");
export const tmpdir = refuse("tmpdir");
export const truncate = refuse("truncate");
export const writeFile = refuse("writeFile");

/** One thread does the work. */
export const availableParallelism = () => 1;

/** No thread can be started. */
export class Worker {
  constructor() {
    refuse("new Worker")();
  }
}
export const parentPort = null;
export const workerData = null;

/** Of the process, latencies alone ask. */
export default { cpuUsage: refuse("cpuUsage"), platform: "browser", arch: "wasm" };
