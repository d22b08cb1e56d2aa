import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));

/** What a docstring says, as `deno doc --json` has it. */
interface Docstring {
  readonly tags?: readonly {
    readonly kind: string;
    readonly name?: string;
    readonly doc?: string;
  }[];
}

interface FunctionDef {
  readonly params: readonly { readonly kind: string; readonly name?: string }[];
  readonly returnType?: { readonly repr?: string; readonly value?: unknown };
}

interface Method {
  readonly name: string;
  readonly kind: string;
  readonly isStatic?: boolean;
  readonly accessibility?: string;
  readonly functionDef: FunctionDef;
  readonly jsDoc?: Docstring;
}

interface Declaration {
  readonly kind: string;
  readonly jsDoc?: Docstring;
  readonly def?: FunctionDef & { readonly methods?: readonly Method[] };
}

/** Something public that is called. */
interface Callable {
  readonly name: string;
  readonly jsDoc: Docstring;
  /** Absent for a class, whose constructor is described by itself. */
  readonly def?: FunctionDef;
}

/** Functions, classes, and the methods that are static or take arguments; others are shown where these are. */
async function listCallables(door: string): Promise<Callable[]> {
  const { stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["doc", "--json", door],
    cwd: ROOT,
    stderr: "inherit",
  }).output();
  const { nodes } = JSON.parse(new TextDecoder().decode(stdout)) as {
    nodes: Record<string, { symbols: { name: string; declarations: Declaration[] }[] }>;
  };
  const symbols = Object.values(nodes).flatMap(({ symbols }) => symbols);
  return symbols.flatMap(({ name, declarations }) =>
    declarations.flatMap(({ kind, jsDoc = {}, def }): Callable[] => {
      if (kind === "function") return [{ name, jsDoc, def }];
      if (kind !== "class") return [];
      return [{ name, jsDoc }, ...listMethods(def?.methods ?? [], name)];
    })
  );
}

function listMethods(methods: readonly Method[], owner: string): Callable[] {
  return methods
    .filter(({ kind, accessibility }) => kind === "method" && accessibility === undefined)
    .filter(({ isStatic, functionDef }) => isStatic || functionDef.params.length > 0)
    .map(({ name, jsDoc = {}, functionDef }) => ({
      name: `${owner}.${name}`,
      jsDoc,
      def: functionDef,
    }));
}

const tagsOf = ({ jsDoc }: Callable, kind: string) =>
  (jsDoc.tags ?? []).filter((tag) => tag.kind === kind);

/** A title, and code that `deno test --doc` runs or is told to ignore. */
const isExample = (doc = "") => /^\S[^\n]*\n```ts( ignore)?\n[^]+\n```\s*$/.test(doc);

/** Whether a function answers with anything. */
const hasAnswer = ({ returnType }: FunctionDef) =>
  !/"(repr|keyword)":"void"/.test(JSON.stringify(returnType ?? { repr: "void" }));

for (const door of ["src/mod.ts", "src/browser.ts"]) {
  Deno.test(`every public function of ${door} has an example with a title`, async () => {
    const callables = await listCallables(door);
    const lacking = callables.filter((callable) => {
      const examples = tagsOf(callable, "example");
      return examples.length === 0 || !examples.every(({ doc }) => isExample(doc));
    });
    assert.ok(callables.length > 0);
    assert.deepEqual(lacking.map(({ name }) => name), []);
  });

  Deno.test(`every public function of ${door} says what it takes and gives`, async () => {
    const gaps = (await listCallables(door)).flatMap((callable) => {
      const { name, def } = callable;
      if (def === undefined) return [];
      return [
        ...(tagsOf(callable, "param").length < def.params.length ? [`${name}: @param`] : []),
        ...(hasAnswer(def) && tagsOf(callable, "return").length === 0 ? [`${name}: @returns`] : []),
      ];
    });
    assert.deepEqual(gaps, []);
  });
}
