import type { EventEmitter } from "node:events";
import type { Argument, CommandUnknownOpts, Option } from "@commander-js/extra-typings";

/** Columns of a line, as `deno fmt` counts them. */
const WIDTH = 100;

const HEAD = [
  "This file is made from the definitions of the commands; `deno task docs` writes it.",
  "In the project's folder `deno task secateur COMMAND` starts a command, with the bundle " +
  "`node secateur.js COMMAND`. `COMMAND --help` prints what stands here. PocketFlow's spellings work too: " +
  "`--cp_prune_option=list` is `--prune-option list`. The name in parentheses behind a description is PocketFlow's.",
];

const BEHAVIOR = [
  "Results go to standard output, everything else to standard error.",
  "Exit codes: 0 done, 1 the run failed, 2 wrong usage, 130 interrupted.",
  "An interrupt (Ctrl-C) says what is kept, and how to go on.",
  "A model or file is written beside its place first and then renamed.",
];

/**
 * Writes down the commands of a program: usage, description, arguments, options in the groups of the help, examples.
 *
 * @param program The program, with all of its commands loaded.
 * @returns A file of Markdown, laid out as `deno fmt` does it.
 */
export function renderCliReference(program: CommandUnknownOpts): string {
  const commands = program.createHelp().visibleCommands(program)
    .filter((command) => command.name() !== "help");
  const index = commands.map((command) =>
    wrapItem(`[\`${command.name()}\`](#${command.name()}): ${command.description()}`)
  );
  const common = program.createHelp().visibleOptions(program)
    .filter(({ long }) => long !== "--version");
  return [
    "# Commands",
    ...HEAD.map((text) => wrap(text)),
    index.join("\n"),
    "## All commands",
    BEHAVIOR.map(wrapItem).join("\n"),
    "Options:",
    common.map(renderOption).join("\n"),
    ...commands.flatMap(renderCommand),
  ].join("\n\n") + "\n";
}

function renderCommand(command: CommandUnknownOpts): string[] {
  const help = command.createHelp();
  const args = help.visibleArguments(command);
  const options = help.visibleOptions(command).filter(({ long }) => long !== "--help");
  const groups = help.groupItems(
    [...command.options],
    options,
    ({ helpGroupHeading }) => helpGroupHeading ?? "Options:",
  );
  return [
    `## ${command.name()}`,
    wrap(sentence(command.description())),
    indent(help.commandUsage(command)),
    ...(args.length > 0 ? [args.map(renderArgument).join("\n")] : []),
    ...[...groups].flatMap(([heading, members]) =>
      members.length > 0 ? [wrap(heading), members.map(renderOption).join("\n")] : []
    ),
    ...renderAfterword(afterwordOf(command)),
  ];
}

function renderArgument(argument: Argument): string {
  const { required, variadic, description, argChoices } = argument;
  const name = `${argument.name()}${variadic ? "..." : ""}`;
  const term = required ? `<${name}>` : `[${name}]`;
  return wrapItem(`\`${term}\`: ${description}${choices(argChoices)}`);
}

function renderOption(option: Option): string {
  const { flags, description, argChoices, defaultValue, required, optional } = option;
  const fallback = (required || optional) && defaultValue !== undefined
    ? `. Default: \`${defaultValue}\``
    : "";
  return wrapItem(
    `\`${flags}\`: ${description}${choices(argChoices)}${fallback}${
      option.mandatory ? ". Required" : ""
    }`,
  );
}

function choices(words: readonly string[] | undefined): string {
  return words === undefined ? "" : `. One of ${words.map((word) => `\`${word}\``).join(", ")}`;
}

/** What `--help` prints behind the options. */
function afterwordOf(command: CommandUnknownOpts): string {
  let text = "";
  const write = (part: string) => text += part;
  // Commander is an emitter, which its types leave out.
  (command as object as EventEmitter).emit("afterHelp", { command, error: false, write });
  return text;
}

/** Prose, and lines of a shell, which stand indented. */
function renderAfterword(text: string): string[] {
  return text.split(/\n{2,}/).map((block) => block.replace(/^\n+|\n+$/g, "")).filter(Boolean)
    .flatMap((block) => {
      const [first, ...rest] = block.split("\n");
      if (/^ /.test(first)) return [indent(block.replace(/^ {2}/gm, ""))];
      return first === "Example:"
        ? ["Example:", indent(rest.join("\n").replace(/^ {2}/gm, ""))]
        : [wrap(block.replace(/\s+/g, " "))];
    });
}

function indent(text: string): string {
  return text.replace(/^(?=.)/gm, "    ");
}

function sentence(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1) + ".";
}

function wrapItem(text: string): string {
  return wrap(`- ${text}`, "  ");
}

/** Breaks a text into lines, but not within code or a link. */
function wrap(text: string, hang = ""): string {
  const words = escape(text).match(/(?:`[^`]*`|\S)+/g)!;
  const lines: string[] = [];
  let line = "";
  for (const word of words) {
    const longer = line === "" ? word : line.trim() === "" ? line + word : `${line} ${word}`;
    if (longer.length <= WIDTH) {
      line = longer;
      continue;
    }
    lines.push(line);
    line = hang + word;
  }
  return [...lines, line].join("\n");
}

/** Characters of a text that Markdown takes for its own, outside of code. */
function escape(text: string): string {
  return text.split(/(`[^`]*`)/).map((part) =>
    part.startsWith("`") ? part : part.replace(/[*<]/g, "\\$&")
  ).join("");
}
