import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import process from "node:process";
import { InputError, parseJson } from "../base/mod.ts";

/** A package of npm that the user has installed. */
export interface InstalledPackage {
  /** Its name. */
  readonly name: string;
  /** File that is imported by its name. */
  readonly entry: string;
  /** Its folder. */
  readonly folder: string;
  /** Its version. */
  readonly version: string;
}

/** Where packages are looked for: below the working folder, then beside Secateur, where Deno knows those of `deno.json`. */
function listPlaces(): (string | URL)[] {
  return [join(process.cwd(), "package.json"), import.meta.url];
}

/**
 * Finds a package that Secateur can do without.
 *
 * @param name Its name.
 * @param part What is imported of it: its name, or one of its subpaths.
 * @returns Where it is.
 * @throws {InputError} When it is not installed.
 */
export function findPackage(name: string, part = name): InstalledPackage {
  for (const place of listPlaces()) {
    try {
      const entry = createRequire(place).resolve(part);
      return { name, entry, ...describePackage(name, dirname(entry)) };
    } catch {
      // The next place may have it.
    }
  }
  throw new InputError(
    `running networks on ${name}: found no such package below ${process.cwd()}, wanted it installed; ` +
      `npm install ${name}, or in Deno add "${part}": "npm:${part}" to the imports of deno.json`,
  );
}

/** The folder above that is the package's. */
function describePackage(name: string, folder: string): { folder: string; version: string } {
  try {
    const description = parseJson(readFileSync(join(folder, "package.json"), "utf8"));
    const { name: found, version } = description as { name?: string; version?: string };
    if (found === name && version !== undefined) return { folder, version };
  } catch {
    // Folders in between have no description.
  }
  return describePackage(name, dirname(folder));
}

/**
 * Imports a package that {@link findPackage} has found.
 *
 * @param installed Where it is.
 * @returns Its exports.
 * @throws {InputError} When it cannot be loaded, as where a package that it needs is missing.
 */
export function importPackage<Exports>({ name, entry, folder }: InstalledPackage): Exports {
  try {
    return createRequire(entry)(entry);
  } catch (error) {
    const [reason] = (error as Error).message.split("\n");
    throw new InputError(
      `running networks on ${name}: found it in ${folder}, where it cannot be loaded (${reason}), ` +
        `wanted it with all that it needs; npm install ${name} again`,
      { cause: error },
    );
  }
}
