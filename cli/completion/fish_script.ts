import type { Candidates, CompletedOption, CompletedProgram } from "./describe_program.ts";

/** The script for fish. */
export function fishScript({ name, options, commands }: CompletedProgram): string {
  const names = commands.map((command) => command.name).join(" ");
  const first = quote(`not __fish_seen_subcommand_from ${names}`);
  const lines = [
    `complete -c ${name} -f`,
    ...options.map((option) => `complete -c ${name} -n ${first} ${specifyOption(option)}`),
    ...commands.flatMap((command) => {
      const inside = quote(`__fish_seen_subcommand_from ${command.name}`);
      const candidates = specify(command.arguments);
      return [
        `complete -c ${name} -n ${first} -a ${command.name} -d ${quote(command.description)}`,
        ...(candidates === "" ? [] : [`complete -c ${name} -n ${inside} ${candidates}`]),
        ...command.options.map((option) =>
          `complete -c ${name} -n ${inside} ${specifyOption(option)}`
        ),
      ];
    }),
  ];
  return `# Completion of ${name} in fish: ${name} completions fish | source\n${
    lines.join("\n")
  }\n`;
}

function specifyOption({ flags, description, value }: CompletedOption): string {
  const names = flags.map((flag) =>
    flag.startsWith("--") ? `-l ${flag.slice(2)}` : `-s ${flag.slice(1)}`
  );
  const candidates = value === undefined
    ? []
    : [value.kind === "file" ? "-r" : "-x", specify(value)];
  return [...names, ...candidates, "-d", quote(description)].filter((part) => part !== "")
    .join(" ");
}

function specify(candidates: Candidates): string {
  switch (candidates.kind) {
    case "words":
      return `-a ${quote(candidates.words.join(" "))}`;
    case "file":
      return "-F";
    case "unknown":
      return "";
  }
}

function quote(text: string): string {
  return `'${text.replaceAll("\\", "\\\\").replaceAll("'", "\\'")}'`;
}
