import { type Bundle, forBrowsers, forEngines } from "./compile.ts";

/** The command line, for Deno, Node and Bun; it can be started as it is where Node is. */
export const COMMAND_LINE: Bundle = { ...forEngines("bundle/secateur.ts"), isExecutable: true };

/** The library, for the same. */
export const LIBRARY: Bundle = forEngines("bundle/library.ts");

/** The core for browsers. */
export const BROWSER: Bundle = forBrowsers("src/browser.ts");
