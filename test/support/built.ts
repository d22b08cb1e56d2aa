import { join } from "node:path";
import { projectFolder } from "../cli/run_cli.ts";
import { runChild } from "./children.ts";

/** What is published: the script that writes it into a folder, and its place in the folder of all that was built. */
const PRODUCTS = {
  bundles: { script: "bundle/build.ts", place: "" },
  page: { script: "bundle/page.ts", place: "page" },
  site: { script: "docs/make/make_site.ts", place: "site" },
  package: { script: "bundle/package.ts", place: "package" },
} as const;

/** The environment variable that says where all of it was built before, from the project's folder. */
const BUILT = "SECATEUR_TEST_BUILT";

/**
 * Puts a product of bundle/ into a folder: from where it was built before, if SECATEUR_TEST_BUILT says so, and built anew
 * otherwise. Tests look at it there, with nothing of the project around it.
 *
 * @param product What it is.
 * @param folder The folder, which need not be there.
 */
export async function putBuilt(product: keyof typeof PRODUCTS, folder: string): Promise<void> {
  const { script, place } = PRODUCTS[product];
  const built = Deno.env.get(BUILT);
  await Deno.mkdir(folder, { recursive: true });
  if (built === undefined) {
    const deno = [Deno.execPath(), "run", "--quiet", "--allow-all"];
    await runChild([...deno, script, folder], projectFolder);
    return;
  }
  await copyFiles(join(projectFolder, built, place), folder, product !== "bundles");
}

async function copyFiles(source: string, target: string, withFolders: boolean): Promise<void> {
  await Deno.mkdir(target, { recursive: true });
  for await (const { name, isFile } of Deno.readDir(source)) {
    const [from, to] = [join(source, name), join(target, name)];
    if (isFile) await Deno.copyFile(from, to);
    else if (withFolders) await copyFiles(from, to, withFolders);
  }
}
