import { type Bundle, forBrowsers, forEngines } from "./compile.ts";

/** The command line as one file, for Deno, Node and Bun; it can be started as it is where Node is. */
export const COMMAND_LINE: Bundle = {
  ...forEngines("bundle/secateur.ts"),
  programs: ["secateur.js"],
};

/** The package's command line and library, for the same: what one of them needs is loaded when it is needed. */
export const INSTALLED: Bundle = {
  ...forEngines("bundle/secateur.ts", "bundle/index.ts"),
  programs: ["secateur.js"],
  isSplit: true,
};

/** The core for browsers. */
export const BROWSER: Bundle = forBrowsers("src/browser.ts");
