import assert from "node:assert/strict";
import { join } from "node:path";
import { testWith } from "../../support/programs.ts";
import { inTempFolder } from "../fixtures.ts";
import { runCli } from "../run_cli.ts";

async function writeScript(shell: string, folder: string): Promise<string> {
  const { code, stdout, stderr } = await runCli(["completions", shell]);
  assert.equal(code, 0, stderr);
  const path = join(folder, `secateur.${shell}`);
  await Deno.writeTextFile(path, stdout);
  return path;
}

/** Runs a program in a folder with something typed into it. */
async function runTyping(
  [program, ...args]: string[],
  folder: string,
  typed = "",
): Promise<string> {
  const child = new Deno.Command(program, {
    args,
    cwd: folder,
    env: { TERM: "dumb" },
    stdin: "piped",
    stdout: "piped",
    stderr: "null",
  }).spawn();
  const writer = child.stdin.getWriter();
  await writer.write(new TextEncoder().encode(typed));
  await writer.close();
  const { stdout } = await child.output();
  return new TextDecoder().decode(stdout);
}

/** Puts words on the command line of bash, of which the last is to be completed, and prints what it offers. */
const OFFERS = `
source "$1"; shift
compopt() { return 1; }
COMP_WORDS=(secateur "$@"); COMP_CWORD=$#
_secateur
printf '%s\\n' "\${COMPREPLY[@]}"
`;

testWith("bash")(
  "bash is offered commands, options, choices, and files for paths",
  () =>
    inTempFolder(async (folder) => {
      const script = await writeScript("bash", folder);
      await Deno.writeTextFile(join(folder, "budget.json"), "");
      const offers = async (...words: string[]) => {
        const text = await runTyping(["bash", "-c", OFFERS, "bash", script, ...words], folder);
        return text.trimEnd().split("\n");
      };
      assert.deepEqual(await offers("pru"), ["prune"]);
      assert.deepEqual(await offers("co"), ["convert", "compare", "completions"]);
      assert.deepEqual(await offers("--ver"), ["--version", "--verbose"]);
      assert.deepEqual(await offers("prune", "m", "--sel"), ["--select"]);
      assert.deepEqual(await offers("prune", "--select", ""), ["obs", "lasso", "magnitude"]);
      assert.deepEqual(await offers("prune", "--select", "=", "la"), ["lasso"]);
      assert.deepEqual(await offers("prune", "--lasso", ""), ["true", "false"]);
      assert.deepEqual(await offers("prune", "--seed", ""), [""]);
      assert.deepEqual(await offers("check", "m", "--budget", "bud"), ["budget.json"]);
      assert.deepEqual(await offers("inspect", "bu"), ["budget.json"]);
      assert.deepEqual(await offers("inspect", "--verb"), ["--verbose"]);
      assert.deepEqual(await offers("completions", ""), ["bash", "zsh", "fish"]);
    }),
);

/** Shells that complete at a tab, in a terminal; they print what they made of a line. */
const INTERACTIVE = [
  {
    shell: "bash",
    start: "bash --norc --noprofile -i",
    setup: "",
    wanted: "<prune model.json --select obs --out model.json --quiet>",
  },
  {
    shell: "zsh",
    start: "zsh -f -i",
    setup: "autoload -U compinit; compinit -u -D\n",
    wanted: "<prune model.json --select=obs --out=model.json --quiet>",
  },
] as const;

for (const { shell, start, setup, wanted } of INTERACTIVE) {
  testWith(shell, "script")(
    `${shell} completes commands, options, choices and files at a tab`,
    () =>
      inTempFolder(async (folder) => {
        const script = await writeScript(shell, folder);
        await Deno.writeTextFile(join(folder, "model.json"), "");
        const typed = `${setup}source ${script}\nsecateur() { echo "<$*>"; }\n` +
          "secateur pru\tmod\t--sel\tob\t--ou\tmo\t--qui\t\nexit\n";
        const printed = await runTyping(["script", "-qec", start, "/dev/null"], folder, typed);
        assert.ok(printed.includes(`\n${wanted}`), printed);
      }),
  );
}

testWith("fish")(
  "fish is offered commands, options, choices, and files for paths",
  () =>
    inTempFolder(async (folder) => {
      const script = await writeScript("fish", folder);
      await Deno.writeTextFile(join(folder, "model.json"), "");
      const offers = async (line: string) => {
        const command = `source ${script}; complete -C '${line}'`;
        const text = await runTyping(["fish", "--no-config", "-c", command], folder);
        return text.trimEnd().split("\n").map((offer) => offer.split("\t")[0]);
      };
      assert.deepEqual(await offers("secateur pru"), ["prune"]);
      assert.deepEqual(await offers("secateur prune --sel"), ["--select"]);
      assert.deepEqual((await offers("secateur prune --select ")).sort(), [
        "lasso",
        "magnitude",
        "obs",
      ]);
      assert.deepEqual(await offers("secateur prune --seed "), [""]);
      assert.deepEqual(await offers("secateur prune --out mod"), ["model.json"]);
      assert.deepEqual(await offers("secateur eval mod"), ["model.json"]);
      assert.deepEqual(await offers("secateur eval m --qui"), ["--quiet"]);
    }),
);

Deno.test("every option of every command's help is completed", async () => {
  const { stdout: script } = await runCli(["completions", "bash"]);
  const { stdout: help } = await runCli(["--help"]);
  const commands = [...help.matchAll(/^ {2}([a-z]+)(?= {2,}[a-z])/gm)].map(([, name]) => name);
  assert.ok(commands.length > 10);
  for (const command of ["prune", "train", "check"]) {
    assert.ok(commands.includes(command));
    const { stdout } = await runCli([command, "--help"]);
    const [part] = script.split(new RegExp(`^ {4}${command}\\)$`, "m"))[1].split("esac ;;");
    const options = [...stdout.matchAll(/^ {2}(?:-\w, )?(--[\w-]+)/gm)].map(([, name]) => name);
    for (const option of options) {
      if (option !== "--version") {
        assert.ok(
          part.includes(`${option} `) || part.includes(`${option}'`) || part.includes(`${option})`),
          `${command} ${option}`,
        );
      }
    }
  }
});
