import type { Accounts } from './accounts.ts';
import type { BlobStore } from './blobs.ts';
import type { Hardware } from './hardware.ts';
import type { JobStore } from './job-store.ts';
import type { Repos } from './repos.ts';

/** An upload of one LFS file that a batch request announced. */
export interface LfsUpload {
  sha256: string;
  /** Bytes. */
  size: number;
  /** Where the parts of a multipart upload are put together; null for a basic one. */
  file: string | null;
  /** ETags of the parts that arrived, by part number. */
  parts: Map<number, string>;
}

/** What there is on this Hub: what every route reads and changes. */
export interface World {
  /** No trailing slash. */
  url: string;
  /** Another origin, as the Hub's storage has one: what is signed is downloaded and uploaded here. */
  cdnUrl: string;
  accounts: Accounts;
  repos: Repos;
  blobs: BlobStore;
  jobs: JobStore;
  /** Folder with what each bucket holds. */
  buckets: string;
  /** The catalogue, newest prices; tests change it in place. */
  hardware: Hardware[];
  /** LFS uploads under way, by the id in their URL. */
  uploads: Map<string, LfsUpload>;
  /** Bytes from which an LFS upload is cut into parts, and the size of one part. */
  multipart: { from: number; part: number };
  /** Bytes above which the dataset viewer cuts cells. */
  viewerBytes: number;
  /** Milliseconds before every answer: the way there and back. */
  latencyMs: number;
  /** Jobs on a page of the list. */
  jobsPage: number;
  /** Signs the URLs of the CDN. */
  signature(sha256: string): string;
  now(): Date;
}
