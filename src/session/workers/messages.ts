import type { Replica, ReplicaSpec } from "./replica.ts";

/** The requests a replica answers. */
export type ReplicaMethod = {
  [Name in keyof Replica]: Replica[Name] extends (...args: never[]) => Promise<unknown>
    ? Name extends "onBatch" ? never : Name
    : never;
}[keyof Replica];

/** Arguments of a request. */
export type ReplicaArguments<Name extends ReplicaMethod> = Parameters<Replica[Name]>;

/** Answer to a request. */
export type ReplicaAnswer<Name extends ReplicaMethod> = Awaited<ReturnType<Replica[Name]>>;

/** What a replica's thread is asked: first to open it, then what the replica answers. */
export type ReplicaRequest =
  | { readonly open: ReplicaSpec }
  | { readonly method: ReplicaMethod; readonly args: readonly unknown[] };
