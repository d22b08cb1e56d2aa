import { resolve } from "node:path";
import process from "node:process";
import { option, UsageError } from "../../base/mod.ts";
import type { BlobStore } from "./blob_store.ts";
import { FolderBlobs } from "./folder_blobs.ts";
import { HttpBlobs } from "./http_blobs.ts";
import { loadForQueue } from "../queue/queue_server.ts";

/** How often the client repeats a request that a bucket cannot do at the moment; it waits longer every time. */
const REPETITIONS = 4;

/**
 * Opens a store of blobs.
 *
 * @param place A folder; `s3://bucket/prefix`, for which the environment has AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY,
 * AWS_REGION and, for another server than Amazon's, AWS_ENDPOINT_URL; or the URL of a folder that takes `PUT` and `GET`,
 * with a signature in its query where one is needed.
 * @returns The store.
 * @throws {UsageError} When the place is none of these, or the environment lacks a key.
 */
export async function openBlobs(place: string): Promise<BlobStore> {
  if (/^(https?|s3):\/\//.test(place) && !URL.canParse(place)) {
    throw new UsageError([
      "reading ",
      option("blobs"),
      ` ${place}: found no URL, wanted one; correct it`,
    ]);
  }
  if (/^https?:\/\//.test(place)) {
    return new HttpBlobs(place, place, (url, options) => fetch(url, options));
  }
  if (!place.startsWith("s3://")) {
    if (/^\w+:\/\//.test(place)) {
      throw new UsageError([
        "reading ",
        option("blobs"),
        ` ${place}: wanted a folder, s3://bucket/prefix or the URL of a web server; give one of these`,
      ]);
    }
    return new FolderBlobs(resolve(place));
  }
  return await openBucket(place);
}

async function openBucket(place: string): Promise<BlobStore> {
  const { hostname: bucket, pathname } = new URL(place);
  const { env } = process;
  const [accessKeyId, secretAccessKey] = ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"].map(
    (name) => {
      const value = env[name];
      if (value) return value;
      throw new UsageError([
        "reading ",
        option("blobs"),
        ` ${place}: wanted ${name} in the environment; set it`,
      ]);
    },
  );
  const region = env.AWS_REGION ?? env.AWS_DEFAULT_REGION ?? "us-east-1";
  const endpoint = env.AWS_ENDPOINT_URL_S3 ?? env.AWS_ENDPOINT_URL ??
    `https://s3.${region}.amazonaws.com`;
  const { AwsClient } = await loadForQueue(() => import("aws4fetch"));
  const client = new AwsClient({
    accessKeyId,
    secretAccessKey,
    region,
    sessionToken: env.AWS_SESSION_TOKEN,
    service: "s3",
    retries: REPETITIONS,
  });
  const base = `${endpoint.replace(/\/$/, "")}/${bucket}${pathname}`;
  return new HttpBlobs(place, base, (url, options) => client.fetch(url, options));
}
