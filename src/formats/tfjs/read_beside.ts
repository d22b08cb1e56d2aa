import { realpath } from "node:fs/promises";
import { basename, dirname, isAbsolute, join, relative } from "node:path";
import { fileError, InputError, readBytes } from "../../base/mod.ts";

/** Reads a file that a model names; its role is for messages. */
export type BesideReader = (name: string, role: string) => Promise<Uint8Array>;

/**
 * Reads a file that a model names, which must lie in the model's folder or below it.
 *
 * @param name Path of the file from the model's folder, as the model has it.
 * @param modelPath Path of the model.
 * @param role What the file is, for messages.
 * @returns Its bytes.
 * @throws {InputError} When there is no such file, or the path, or a link on its way, leaves the folder.
 */
export async function readBeside(
  name: string,
  modelPath: string,
  role: string,
): Promise<Uint8Array> {
  const folder = dirname(modelPath);
  const path = join(folder, name);
  const activity = `reading ${name}, ${role} of ${modelPath}`;
  const outside = () =>
    new InputError(
      `${activity}: found a path that leaves the model's folder, ` +
        `wanted a file beside ${
          basename(modelPath)
        }; put the file there and mend its name in the model`,
    );
  if (isAbsolute(name) || !staysInside(folder, path)) throw outside();
  const [realFolder, realPath] = await Promise.all([realpath(folder), realpath(path)])
    .catch(refuse(activity));
  if (!staysInside(realFolder, realPath)) throw outside();
  return await readBytes(realPath).catch(refuse(activity));
}

/** A rejection handler that turns a failed file operation into an InputError. */
export function refuse(activity: string): (error: unknown) => never {
  return (error) => {
    throw fileError(activity, error);
  };
}

function staysInside(folder: string, path: string): boolean {
  const way = relative(folder, path);
  return way !== "" && way.split(/[\\/]/)[0] !== ".." && !isAbsolute(way);
}
