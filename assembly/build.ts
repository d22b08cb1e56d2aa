/**
 * Compiles the kernels twice into `build/`: `kernels.relaxed.wasm` with fused multiply-adds of relaxed SIMD, and
 * `kernels.plain.wasm` for engines that have SIMD alone. `deno task build` runs it; it does nothing when both files
 * are newer than every source. Then `embed.ts` makes modules of them and of the WebAssembly of other packages.
 *
 * @module
 */
import { embedBytes, EMBEDDED } from "./embed.ts";

const SOURCE_FOLDER = new URL("./", import.meta.url);
const PROJECT_FOLDER = new URL("../", import.meta.url);
const BUILDS: Record<string, string[]> = {
  "build/kernels.relaxed.wasm": ["--enable", "simd,relaxed-simd"],
  "build/kernels.plain.wasm": ["--enable", "simd"],
};

/** Milliseconds since the epoch of the last change, or 0 where there is no such file. */
async function modifiedAt(file: URL): Promise<number> {
  try {
    return (await Deno.stat(file)).mtime?.getTime() ?? 0;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return 0;
    throw error;
  }
}

/** Files in `assembly/`, from the project's folder. */
async function listSources(): Promise<string[]> {
  const entries = await Array.fromAsync(Deno.readDir(SOURCE_FOLDER));
  return entries.map(({ name }) => `assembly/${name}`);
}

/** Whether every output is newer than every source; paths are from the project's folder. */
async function areUpToDate(
  outputs: readonly string[],
  sources: readonly string[],
): Promise<boolean> {
  const [builtAt, changedAt] = await Promise.all(
    [outputs, sources].map((files) =>
      Promise.all(files.map((file) => modifiedAt(new URL(file, PROJECT_FOLDER))))
    ),
  );
  return Math.min(...builtAt) > Math.max(...changedAt);
}

/** Compiles `assembly/index.ts` and returns the module's bytes. */
async function compileKernels(features: string[]): Promise<Uint8Array<ArrayBuffer>> {
  // Loading the compiler takes longer than finding that there is nothing to compile.
  const asc = await import("assemblyscript/asc");
  const outputs = new Map<string, Uint8Array<ArrayBuffer>>();
  const diagnostics = asc.createMemoryStream();
  // A page of memory that is there for certain spares engines without guard pages (Deno) a second check of every load and
  // store at a constant offset.
  const { error } = await asc.main([
    "index.ts",
    ...["--outFile", "kernels.wasm", "--runtime", "stub", "--importMemory", "--noExportMemory"],
    ...["--initialMemory", "1", "--optimizeLevel", "3", "--shrinkLevel", "0", "--noAssert"],
    ...["--use", "abort=", ...features],
  ], {
    stdout: diagnostics,
    stderr: diagnostics,
    readFile: readSource,
    listFiles: () => [],
    writeFile: (name, contents) => {
      if (typeof contents !== "string") outputs.set(name, new Uint8Array(contents));
    },
  });
  // Warnings are dropped: AS112 complains of v128 parameters, which no exported function of index.ts has.
  const bytes = outputs.get("kernels.wasm");
  if (error || !bytes) {
    throw new Error(`compile assembly/index.ts: ${error?.message}\n${diagnostics.toString()}`);
  }
  return bytes;
}

/** Reads a source for the compiler, which asks for many files that do not exist and wants null for those. */
async function readSource(name: string): Promise<string | null> {
  try {
    return await Deno.readTextFile(new URL(name, SOURCE_FOLDER));
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return null;
    throw error;
  }
}

/**
 * Rejects a module that could not share the backend's memory.
 *
 * A data section would overwrite the backend's own data, an import other than `env.memory` would mean that the
 * AssemblyScript runtime or an abort crept in.
 */
async function checkModule(output: string, bytes: Uint8Array<ArrayBuffer>): Promise<void> {
  const module = await WebAssembly.compile(bytes);
  const imports = WebAssembly.Module.imports(module).map((item) => `${item.module}.${item.name}`);
  if (imports.join() !== "env.memory") {
    throw new Error(`check ${output}: imports ${imports.join(", ")}, wanted env.memory alone`);
  }
  if (sectionIds(bytes).includes(DATA_SECTION)) {
    throw new Error(`check ${output}: has a data section, wanted none; remove strings and arrays`);
  }
}

const DATA_SECTION = 11;

/** Ids of the sections of a module, in file order. */
function sectionIds(bytes: Uint8Array): number[] {
  const ids: number[] = [];
  let at = 8;
  while (at < bytes.length) {
    ids.push(bytes[at++]);
    let size = 0;
    for (let shift = 0;; shift += 7) {
      const byte = bytes[at++];
      size += (byte & 127) * 2 ** shift;
      if (byte < 128) break;
    }
    at += size;
  }
  return ids;
}

/** Writes a file in one step, so that another process never loads half a module. */
async function replaceFile(file: URL, content: Uint8Array | string): Promise<void> {
  const draft = new URL(`${file.href}.${Deno.pid}`);
  await Deno.writeFile(
    draft,
    typeof content === "string" ? new TextEncoder().encode(content) : content,
  );
  await Deno.rename(draft, file);
}

/** What the versions of the packages with WebAssembly stand in. */
const PACKAGES = "deno.json";

if (!await areUpToDate(Object.keys(BUILDS), await listSources())) {
  await Deno.mkdir(new URL("build/", PROJECT_FOLDER), { recursive: true });
  for (const [output, features] of Object.entries(BUILDS)) {
    const bytes = await compileKernels(features);
    await checkModule(output, bytes);
    await replaceFile(new URL(output, PROJECT_FOLDER), bytes);
  }
}

if (!await areUpToDate(EMBEDDED, [...Object.keys(BUILDS), PACKAGES])) {
  await Deno.mkdir(new URL("build/embedded/", PROJECT_FOLDER), { recursive: true });
  for (const [index, text] of (await embedBytes()).entries()) {
    await replaceFile(new URL(EMBEDDED[index], PROJECT_FOLDER), text);
  }
}
