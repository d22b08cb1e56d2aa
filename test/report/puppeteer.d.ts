/**
 * The part of puppeteer-core that is used. Its own types bring those of Node along, which then stand for Deno's in all
 * other files.
 */

/** What a page tells of. */
export interface PageEvents {
  /** Something on the console. */
  console: { text(): string };
  /** An error that no script caught. */
  pageerror: Error;
  /** An alert or the like. */
  dialog: { message(): string; dismiss(): Promise<void> };
  /** Something that is loaded. */
  request: { url(): string };
}

/** A page. */
export interface Page {
  on<Name extends keyof PageEvents>(name: Name, listen: (event: PageEvents[Name]) => void): void;
  setViewport(size: { width: number; height: number }): Promise<void>;
  emulateMediaFeatures(features: { name: string; value: string }[]): Promise<void>;
  emulateMediaType(type: string): Promise<void>;
  goto(address: string): Promise<unknown>;
  evaluate<Result>(script: string | (() => Result)): Promise<Result>;
  close(): Promise<void>;
}

/** A browser. */
export interface Browser {
  newPage(): Promise<Page>;
  close(): Promise<void>;
}

declare const puppeteer: {
  launch(options: { executablePath: string; args: string[] }): Promise<Browser>;
};
export default puppeteer;
