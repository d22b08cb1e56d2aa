import { type KernelBuild, type Kernels, loadKernels } from "../../src/kernels/load.ts";
import { startBackend } from "../../src/kernels/backend.ts";

/** Registers a test once for each build of the kernels. */
export function testBothBuilds(
  name: string,
  run: (kernels: Kernels) => void | Promise<void>,
): void {
  for (const build of ["relaxed", "plain"] satisfies KernelBuild[]) {
    Deno.test(`${name} (${build} build)`, async () => {
      await startBackend();
      await run(await loadKernels({ build }));
    });
  }
}
