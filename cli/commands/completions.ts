import { Argument, Command } from "@commander-js/extra-typings";
import { bashScript } from "../completion/bash_script.ts";
import { describeProgram } from "../completion/describe_program.ts";
import { fishScript } from "../completion/fish_script.ts";
import { zshScript } from "../completion/zsh_script.ts";

const SCRIPTS = { bash: bashScript, zsh: zshScript, fish: fishScript };

/** `completions SHELL`: what it prints is read off the program that it is a command of. */
export const completionsCommand = new Command("completions")
  .addArgument(
    new Argument("<shell>", "shell that reads the script").choices(["bash", "zsh", "fish"]),
  )
  .addHelpText(
    "after",
    `
The script completes the word \`secateur\`: an alias, a function or a file of that name. In ~/.bashrc, ~/.zshrc (behind
compinit) or ~/.config/fish/config.fish, with the whole path of a file that is not in this folder:

  alias secateur='deno task secateur'
  source <(secateur completions bash)     # or zsh
  secateur completions fish | source

Example:
  deno task secateur completions bash
`,
  )
  .action((shell, _, command) => {
    console.log(SCRIPTS[shell](describeProgram(command.parent!)).trimEnd());
  });
