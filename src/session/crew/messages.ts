import type { Station, StationSpec } from "./station.ts";

/** The requests a station answers. */
export type StationMethod = {
  [Name in keyof Station]: Station[Name] extends (...args: never[]) => Promise<unknown>
    ? Name extends "onBatch" ? never : Name
    : never;
}[keyof Station];

/** Arguments of a request. */
export type StationArguments<Name extends StationMethod> = Parameters<Station[Name]>;

/** Answer to a request. */
export type StationAnswer<Name extends StationMethod> = Awaited<ReturnType<Station[Name]>>;

/** What a station's thread is asked: first to open it, then what the station answers. */
export type StationRequest =
  | { readonly open: StationSpec }
  | { readonly method: StationMethod; readonly args: readonly unknown[] };
