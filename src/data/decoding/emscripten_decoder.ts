/** A decoder that emscripten has made, and what it said about the last image. */
export interface EmscriptenDecoder<Module> {
  readonly module: Module;
  /** Lines of its error output. */
  readonly warnings: string[];
}

/** The options of an emscripten module that are used. */
interface ModuleOptions {
  noInitialRun: boolean;
  printErr(line: string): void;
  instantiateWasm(
    imports: WebAssembly.Imports,
    receive: (instance: WebAssembly.Instance) => void,
  ): WebAssembly.Exports;
}

/**
 * Starts a module of emscripten from bytes at hand, so that neither network nor files are asked for them.
 *
 * @param create Makes the module.
 * @param code Its WebAssembly.
 * @returns The decoder.
 */
export async function startEmscripten<Module>(
  create: (options: ModuleOptions) => Promise<Module>,
  code: WebAssembly.Module,
): Promise<EmscriptenDecoder<Module>> {
  const warnings: string[] = [];
  const module = await create({
    noInitialRun: true,
    printErr: (line) => warnings.push(line),
    instantiateWasm(imports, receive) {
      const instance = new WebAssembly.Instance(code, imports);
      receive(instance);
      return instance.exports;
    },
  });
  return { module, warnings };
}
