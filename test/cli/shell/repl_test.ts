import assert from "node:assert/strict";
import process from "node:process";
import { PassThrough } from "node:stream";
import { InputError } from "../../../src/base/errors.ts";
import { type ReplCommand, runRepl } from "../../../cli/shell/repl.ts";

/** Commands that note how they are called. */
function createCommands() {
  const calls: unknown[] = [];
  const noting = (name: string, more: Partial<ReplCommand> = {}): ReplCommand => ({
    description: name,
    run: async (words, options) => {
      await new Promise((resolve) => setTimeout(resolve, 5));
      calls.push([name, ...Object.values(words), options]);
      return true;
    },
    ...more,
  });
  const file = { label: "file" };
  const force = { label: "force", description: "" };
  const commands = {
    none: noting("none"),
    two: noting("two", {
      parameters: [{ label: "first" }, { label: "second", optional: true }],
      options: [force],
    }),
    save: noting("save", {
      parameters: [{ label: "folder" }],
      subcommands: { list: noting("list", { parameters: [file], options: [force] }) },
    }),
    fail: noting("fail", {
      run: () => Promise.reject(new InputError("failing: found a failure, wanted none")),
    }),
    end: noting("end", { run: () => Promise.resolve(false) }),
  };
  return { calls, commands };
}

async function runLines(lines: readonly string[]): Promise<unknown[]> {
  const { calls, commands } = createCommands();
  const input = new PassThrough();
  input.end(lines.map((line) => `${line}\n`).join(""));
  await runRepl({
    commands,
    input,
    output: new PassThrough(),
    isTerminal: false,
    prompt: "> ",
    complete: () => Promise.resolve([]),
    onFailure: () => {},
  });
  return calls;
}

/** A session at a terminal that a test types into. */
function openTerminal(more: Record<string, ReplCommand> = {}) {
  const { calls, commands } = createCommands();
  const [input, output] = [new PassThrough(), new PassThrough()];
  const failures: string[] = [];
  let screen = "";
  output.on("data", (chunk) => screen += chunk);
  const ended = runRepl({
    commands: { ...commands, ...more },
    input,
    output,
    isTerminal: true,
    prompt: "> ",
    complete: ([first]) => Promise.resolve(["none ", "two "].filter((w) => w.startsWith(first))),
    onFailure: (error) => failures.push((error as Error).message),
  });
  /** Types, and waits until something holds. */
  const type = async (keys: string, until: () => boolean) => {
    input.write(keys);
    for (let time = 0; time < 500 && !until(); time++) {
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    assert.ok(until(), `typed ${JSON.stringify(keys)}, on the screen: ${JSON.stringify(screen)}`);
  };
  return { calls, failures, ended, type, screen: () => screen };
}

Deno.test("no line is lost that arrives while a command runs", async () => {
  const calls = await runLines(["none", "", "two a", "   ", "none", "two b c"]);
  assert.deepEqual(calls.map((call) => (call as string[]).slice(0, -1).join(" ")), [
    "none",
    "two a ",
    "none",
    "two b c",
  ]);
});

Deno.test("words may have any characters; quotes hold blanks together", async () => {
  const words = ["stage*/conv:1", "../a,b/é.list", `"a b"`, `'say "x"'`, "it's", "-3", "0.5"];
  const calls = await runLines(words.map((word) => `two ${word} "${"x y"}"`));
  const wanted = ["stage*/conv:1", "../a,b/é.list", "a b", 'say "x"', "it's", "-3", "0.5"];
  assert.deepEqual(calls, wanted.map((word) => ["two", word, "x y", { force: false }]));
});

Deno.test("switches are marked by @ or --, and subcommands have their own", async () => {
  const calls = await runLines([
    "two a @force",
    "two --force a b",
    "save x",
    "save list y @force",
    "save constructor",
  ]);
  assert.deepEqual(calls, [
    ["two", "a", undefined, { force: true }],
    ["two", "a", "b", { force: true }],
    ["save", "x", {}],
    ["list", "y", { force: true }],
    ["save", "constructor", {}],
  ]);
});

for (
  const [line, message] of [
    ["non", /^reading "non": found no such command, the nearest is `none`; there are none, two/],
    ["constructor", /^reading "constructor": found no such command/],
    ["two", /^reading "two": wanted the words that `help two` names; give these$/],
    ["two a b c", /^reading "two a b c": wanted the words/],
    ["none @force", /^reading "none @force": wanted the words/],
    ["fail", /^failing: found a failure, wanted none$/],
    [`two a"'b`, /wanted a word with one kind of quotes at most; rename the file$/],
  ] as const
) {
  Deno.test(`a pipe ends with the failure of "${line}"`, async () => {
    await assert.rejects(runLines(["none", line, "none"]), (error) => {
      assert.ok(error instanceof InputError);
      assert.match(error.message, message);
      return true;
    });
  });
}

Deno.test("a session ends where a command ends it, or with its input", async () => {
  assert.equal((await runLines(["none", "end", "none"])).length, 1);
  assert.equal((await runLines(["help", "help two", "none"])).length, 1);
});

Deno.test("a terminal completes words by tab, and goes on after a failure", async () => {
  const { calls, failures, ended, type, screen } = openTerminal();
  await type("", () => screen().includes("> "));
  await type("tw\t", () => screen().includes("two "));
  await type("a b\r", () => calls.length === 1);
  assert.deepEqual(calls, [["two", "a", "b", { force: false }]]);
  await type("fail\r", () => failures.length === 1);
  await type("nix\r", () => failures.length === 2);
  await type("none\r", () => calls.length === 2);
  await type("end\r", () => true);
  await ended;
});

Deno.test("Ctrl-C drops a line, and stops a command but not the session", async () => {
  const listeners = process.listenerCount("SIGINT");
  let stopped = 0;
  const long: ReplCommand = {
    description: "long",
    run: (_words, _options, signal) =>
      new Promise((_resolve, reject) =>
        signal.addEventListener("abort", () => {
          stopped++;
          reject(signal.reason);
        })
      ),
  };
  const { calls, failures, ended, type } = openTerminal({ long });
  await type("fail and more", () => true);
  await type("\x03", () => true);
  await type("long\r", () => process.listenerCount("SIGINT") > listeners);
  await type("\x03", () => failures.length === 1);
  assert.equal(stopped, 1);
  assert.deepEqual(failures, ["interrupted; this command has changed nothing"]);
  await type("none\r", () => calls.length === 1);
  await type("\x04", () => true);
  await ended;
  assert.equal(process.listenerCount("SIGINT"), listeners);
});
