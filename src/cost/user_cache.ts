import { isAbsolute, join } from "node:path";
import process from "node:process";

/** A permission as Deno asks for it. */
type Wanted = Deno.PermissionDescriptor;

/**
 * Whether this may be done without asking: Deno would ask the user, or refuse; others have no permissions.
 *
 * @param wanted What is wanted.
 * @returns Whether it may be done.
 */
export function isPermitted(wanted: Wanted): boolean {
  const { Deno: deno } = globalThis as { Deno?: typeof Deno };
  return deno === undefined || deno.permissions.querySync(wanted).state === "granted";
}

/**
 * The folder in which programs of this user keep what can be made again: `XDG_CACHE_HOME` where it is set, otherwise what
 * the platform has for it.
 *
 * @returns The folder; undefined where the environment does not say, or may not be looked at, read and written.
 */
export function findUserCache(): string | undefined {
  const folder = cacheFolder();
  if (folder === undefined || !isAbsolute(folder)) return undefined;
  const isOpen = isPermitted({ name: "read", path: folder }) &&
    isPermitted({ name: "write", path: folder });
  return isOpen ? folder : undefined;
}

function cacheFolder(): string | undefined {
  const chosen = readVariable("XDG_CACHE_HOME");
  if (chosen) return chosen;
  if (process.platform === "win32") return readVariable("LOCALAPPDATA");
  const home = readVariable("HOME");
  if (!home) return undefined;
  return process.platform === "darwin" ? join(home, "Library", "Caches") : join(home, ".cache");
}

function readVariable(variable: string): string | undefined {
  return isPermitted({ name: "env", variable }) ? process.env?.[variable] : undefined;
}
