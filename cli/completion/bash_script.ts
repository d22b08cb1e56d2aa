import type { Candidates, CompletedOption, CompletedProgram } from "./describe_program.ts";

/** The script for bash, 3.2 (as on macOS) and newer. */
export function bashScript({ name, options, commands }: CompletedProgram): string {
  const names = commands.map((command) => command.name);
  const cases = commands.map((command) =>
    [
      `    ${command.name})`,
      `      case $previous in`,
      ...valueCases(command.options).map((line) => `        ${line}`),
      `        *) ${complete(command.arguments, command.options)} ;;`,
      `      esac ;;`,
    ].join("\n")
  );
  return `# Completion of ${name} in bash: source <(${name} completions bash)
_${name}_words() {
  local candidate
  while IFS= read -r candidate; do COMPREPLY+=("$candidate"); done < <(compgen -W "$1" -- "$word")
}
_${name}_files() {
  # Readline quotes names and ends those of folders with a slash, where it can be asked to.
  compopt -o default 2>/dev/null && return
  local candidate
  while IFS= read -r candidate; do COMPREPLY+=("$candidate"); done < <(compgen -f -- "$word")
}
_${name}() {
  local word=\${COMP_WORDS[COMP_CWORD]} previous=\${COMP_WORDS[COMP_CWORD-1]} command= index
  COMPREPLY=()
  # Bash cuts --option=value into three words.
  if [[ $word == = ]]; then word=; elif [[ $previous == = ]]; then previous=\${COMP_WORDS[COMP_CWORD-2]}; fi
  for ((index = 1; index < COMP_CWORD; index++)); do
    case \${COMP_WORDS[index]} in
      ${names.join("|")}) command=\${COMP_WORDS[index]}; break ;;
    esac
  done
  case $command in
${cases.join("\n")}
    *) _${name}_words '${[...names, ...flagsOf(options)].join(" ")}' ;;
  esac
}
complete -F _${name} ${name}
`;

  /** Options where a dash was typed, arguments elsewhere. */
  function complete(candidates: Candidates, own: readonly CompletedOption[]): string {
    const flags = `_${name}_words '${flagsOf(own).join(" ")}'`;
    return `if [[ $word == -* ]]; then ${flags}; else ${offer(candidates)}; fi`;
  }

  function valueCases(own: readonly CompletedOption[]): string[] {
    return own.flatMap(({ flags, value }) =>
      value === undefined ? [] : [`${flags.join("|")}) ${offer(value)} ;;`]
    );
  }

  function offer(candidates: Candidates): string {
    switch (candidates.kind) {
      case "words":
        return `_${name}_words '${candidates.words.join(" ")}'`;
      case "file":
        return `_${name}_files`;
      case "unknown":
        return ":";
    }
  }
}

function flagsOf(options: readonly CompletedOption[]): string[] {
  return options.flatMap(({ flags }) => flags);
}
