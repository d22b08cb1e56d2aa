import { expect, expectAsync } from "./matchers.ts";

type Body = (done?: Done) => unknown;
type Done = (() => void) & { fail: (reason?: unknown) => void };

/** A `describe` with what is in it, in the order of the source. */
interface Group {
  name: string;
  parent?: Group;
  children: (Group | Spec)[];
  beforeAll: Body[];
  beforeEach: Body[];
  afterEach: Body[];
  afterAll: Body[];
}

/** An `it`. */
interface Spec {
  name: string;
  body: Body;
}

function makeGroup(name: string, parent?: Group): Group {
  return {
    name,
    parent,
    children: [],
    beforeAll: [],
    beforeEach: [],
    afterEach: [],
    afterAll: [],
  };
}

/** Runs a body, which may return a promise or call `done`. */
async function runBody(body: Body): Promise<void> {
  if (body.length === 0) {
    await body();
    return;
  }
  await new Promise<void>((resolve, reject) => {
    const done = Object.assign(() => resolve(), { fail: (reason?: unknown) => reject(reason) });
    body(done);
  });
}

/** The group and those around it, outermost first. */
function lineage(group: Group): Group[] {
  return group.parent ? [...lineage(group.parent), group] : [group];
}

async function runSpec(group: Group, spec: Spec): Promise<void> {
  const groups = lineage(group);
  try {
    for (const body of groups.flatMap((outer) => outer.beforeEach)) await runBody(body);
    await runBody(spec.body);
  } finally {
    for (const body of groups.toReversed().flatMap((outer) => outer.afterEach)) await runBody(body);
  }
}

/** Is told of each spec in turn, and runs it. */
export type SpecRunner = (name: string, run: () => Promise<void>) => Promise<void>;

async function runGroup(group: Group, path: string, runner: SpecRunner): Promise<void> {
  for (const body of group.beforeAll) await runBody(body);
  const names = new Map<string, number>();
  for (const child of group.children) {
    const name = path === "" ? child.name : `${path} / ${child.name}`;
    if ("children" in child) {
      await runGroup(child, name, runner);
      continue;
    }
    const count = (names.get(child.name) ?? 0) + 1;
    names.set(child.name, count);
    const unique = count === 1 ? name : `${name} (${count})`;
    await runner(unique, () => runSpec(group, child));
  }
  for (const body of group.afterAll) await runBody(body);
}

/** A suite of specs that can be run as often as one likes. */
export type Suite = (runner: SpecRunner) => Promise<void>;

let current = makeGroup("");

/** Puts Jasmine's functions where suites look for them. */
export function installJasmine(): void {
  const ignore = () => {};
  Object.assign(globalThis, {
    jasmine: { DEFAULT_TIMEOUT_INTERVAL: 0 },
    expect,
    expectAsync,
    fail: (reason?: unknown) => {
      throw new Error(`fail: ${reason}`);
    },
    describe: (title: string, define: () => void) => {
      // describeWithFlags adds the environment, of which there is one.
      const group = makeGroup(title.replace(" wasm {}", ""), current);
      current.children.push(group);
      current = group;
      define();
      current = group.parent!;
    },
    it: (name: string, body: Body) => current.children.push({ name, body }),
    xit: ignore,
    xdescribe: ignore,
    beforeAll: (body: Body) => current.beforeAll.push(body),
    beforeEach: (body: Body) => current.beforeEach.push(body),
    afterEach: (body: Body) => current.afterEach.push(body),
    afterAll: (body: Body) => current.afterAll.push(body),
  });
}

/**
 * Collects what a file declares.
 *
 * @param load Imports the file.
 * @returns Its suite.
 */
export async function collectSuite(load: () => Promise<unknown>): Promise<Suite> {
  const root = makeGroup("");
  current = root;
  await load();
  return (runner) => runGroup(root, "", runner);
}
