import type { Candidates, CompletedOption, CompletedProgram } from "./describe_program.ts";

/** The script for zsh. */
export function zshScript({ name, options, commands }: CompletedProgram): string {
  const list = commands.map((command) =>
    `    ${quote(`${command.name.replaceAll(":", "\\:")}:${command.description}`)}`
  );
  const cases = commands.map((command) =>
    [
      `    ${command.name})`,
      `      _arguments -s -S ${
        [...command.options.flatMap(specifyOption), specifyArguments(command.arguments)].join(
          " \\\n        ",
        )
      } ;;`,
    ].join("\n")
  );
  return `#compdef ${name}
# Completion of ${name} in zsh: source <(${name} completions zsh)
_${name}() {
  local curcontext=$curcontext state line
  local -a commands=(
${list.join("\n")}
  )
  _arguments -C -S ${options.flatMap(specifyOption).join(" \\\n    ")} \\
    '1:command:->command' '*::argument:->arguments'
  case $state in
    command) _describe command commands ;;
    arguments)
      case $words[1] in
${cases.map((text) => text.replace(/^/gm, "    ")).join("\n")}
      esac ;;
  esac
}
compdef _${name} ${name}
`;
}

/** An option as `_arguments` wants it: `--name[description]:value:candidates`, with `=` behind a name that may have one. */
function specifyOption({ flags, description, value }: CompletedOption): string[] {
  const text = description.replace(/[\\[\]:]/g, "\\$&");
  return flags.map((flag) => {
    const form = value === undefined ? "" : flag.startsWith("--") ? "=" : "+";
    const rest = value === undefined ? "" : `:value:${specify(value)}`;
    return quote(`${flag}${form}[${text}]${rest}`);
  });
}

function specifyArguments(candidates: Candidates): string {
  return quote(`*:argument:${specify(candidates)}`);
}

function specify(candidates: Candidates): string {
  switch (candidates.kind) {
    case "words":
      return `(${candidates.words.join(" ")})`;
    case "file":
      return "_files";
    case "unknown":
      return " ";
  }
}

function quote(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
