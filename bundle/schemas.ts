import { fileURLToPath } from "node:url";
import { createGenerator, type Schema } from "ts-json-schema-generator";

const OUTPUTS = fileURLToPath(new URL("../cli/output/outputs.ts", import.meta.url));

/** Where the schemas of each interface of `outputs.ts` go. */
const FOLDERS = { Outputs: "commands", OutputFiles: "files" } as const;

/** What the command line has written out before it prints: a text. */
const WORDED = "Notice";

/** A link of a comment, as the generator writes it. */
const LINK = / *\{ *@link +([\w.]+) *\}( ?) */g;

/**
 * Makes a JSON schema of everything that programs are given, or give: of the types in `cli/output/outputs.ts`.
 *
 * @returns The texts of the schemas by their paths, such as `commands/inspect.json`.
 */
export function makeSchemas(): Map<string, string> {
  const generator = createGenerator({
    path: OUTPUTS,
    skipTypeCheck: true,
    expose: "export",
    topRef: false,
    additionalProperties: false,
  });
  return new Map(
    Object.entries(FOLDERS).flatMap(([type, folder]) => {
      const { $schema, definitions = {}, properties = {} } = generator.createSchema(type);
      const known = { ...definitions, [WORDED]: { type: "string" } } as Definitions;
      return Object.entries(properties as Definitions).map(([name, schema]) => {
        const text = { $schema, title: name, ...schema, definitions: neededBy(schema, known) };
        return [
          `${folder}/${name}.json`,
          `${JSON.stringify(text, undefined, 2).replace(LINK, " `$1`$2")}\n`,
        ] as const;
      });
    }),
  );
}

type Definitions = Record<string, Schema>;

/** The definitions that a schema refers to, by way of others as it may be. */
function neededBy(schema: Schema, known: Definitions, needed: Definitions = {}): Definitions {
  for (const [, encoded] of JSON.stringify(schema).matchAll(/"#\/definitions\/([^"]+)"/g)) {
    const name = decodeURIComponent(encoded);
    if (name in needed) continue;
    needed[name] = known[name];
    neededBy(known[name], known, needed);
  }
  return needed;
}
