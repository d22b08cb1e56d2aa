/**
 * Writes docs/cli.md. `deno task docs` runs it; `test/docs/cli_md_test.ts` fails when the file is not current.
 *
 * @module
 */
import { createWholeProgram } from "../../cli/program.ts";
import { renderCliReference } from "./cli_reference.ts";

await Deno.writeTextFile(
  new URL("../cli.md", import.meta.url),
  renderCliReference(await createWholeProgram()),
);
