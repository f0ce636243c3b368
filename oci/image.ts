/**
 * What an image is to the rest of the platform: a digest, an extracted root and the few config fields a sandbox
 * honours. Apart because the worker programs against these types only and never sees manifests or registries.
 */
import type { Digest } from '../contract/index.ts';

/** The parts of an OCI image config that a sandbox honours; absent fields are empty, never undefined. */
export interface ImageConfig {
  readonly entrypoint: readonly string[];
  readonly cmd: readonly string[];
  /** `NAME=value` lines. */
  readonly env: readonly string[];
  /** As written: empty, `uid`, `uid:gid`, `name`, `name:group`. See `resolveUser`. */
  readonly user: string;
  /** Empty: `/`. */
  readonly workingDir: string;
}

export interface PulledImage {
  /** Digest of the platform's manifest (not of the index it was found in). */
  readonly digest: Digest;
  /** Absolute path of the extracted root. Read-only by agreement: it is shared by every sandbox of this digest. */
  readonly rootfsPath: string;
  readonly config: ImageConfig;
  /** On the disk, with layers that other images share. */
  readonly sizeBytes: number;
}

/** What a pull ends with. */
export interface ResolvedImage extends PulledImage {
  /** Digest of the document the reference names: of the index where there is one, the same for every platform. */
  readonly sourceDigest: Digest;
}

export interface RegistryCredentials {
  readonly username: string;
  readonly password: string;
  /** A refresh token of an identity provider, used instead of the password. */
  readonly identityToken?: string;
}

export interface PullOptions {
  /** On whose behalf: pulls are shared out between tenants. */
  readonly tenant?: string;
  /** The first digest that this name's tag led to is kept for all its later pulls, over restarts too. */
  readonly pin?: string;
  /** Speak plain HTTP to this registry (development). Default: only on loopback. */
  readonly plainHttp?: boolean;
  readonly credentials?: RegistryCredentials;
  /** Tried one after the other where those are refused, as the kubelet does. */
  readonly otherCredentials?: readonly RegistryCredentials[];
  /** Stops waiting; the shared download goes on while another caller still waits for it. */
  readonly signal?: AbortSignal;
}

/** Keeps an image from being evicted until released; releasing twice is safe. */
export interface ImageLease extends Disposable {
  readonly image: PulledImage;
  release(): void;
}

/**
 * The worker's images on disk. One process owns a directory. Errors are `ClrkError`s with a code of
 * `ImageErrorCode`; `retryable` says whether trying again later can help.
 */
export interface ImageStore extends AsyncDisposable {
  /**
   * Resolves the reference, fetches and unpacks what is missing, each layer once. What is named by digest and is on the
   * disk asks no registry; when a registry cannot be reached and the tag was pulled before, that image is returned.
   * The image is held for the turn in which the caller is told: call `acquire(digest)` in it to keep it.
   */
  pull(reference: string, options?: PullOptions): Promise<ResolvedImage>;
  /** Throws IMAGE_NOT_PULLED when the digest is not (or no longer) on disk. */
  acquire(digest: string): ImageLease;
  /** The image when it is on disk. */
  lookup(digest: string): PulledImage | undefined;
  /** On the disk. */
  usage(): { readonly bytes: number; readonly inodes: number; readonly images: number };
}

export interface ImageStoreOptions {
  /** Made when missing; everything in it belongs to the store. */
  readonly directory: string;
  /** Bytes of all images together, folders and inodes counted; images in use may exceed it. Default 20 GiB. */
  readonly quotaBytes?: number;
  /** Files and directories of all images together. Default 4 million. */
  readonly quotaInodes?: number;
  /** Pulls at once; a tenant has half of them at most. Default 4. */
  readonly maxPulls?: number;
  /** Host CPU architecture by OCI name. Default: this process's. */
  readonly architecture?: string;
  readonly now?: () => number;
  /** Text of /proc/self/mountinfo: a root that is mounted is in use. */
  readonly mountinfo?: () => Promise<string>;
}

/** Stable codes of everything `oci/` throws. */
export const imageErrorCodes = [
  'IMAGE_REFERENCE_INVALID',
  'IMAGE_NOT_FOUND',
  'IMAGE_UNAUTHORIZED',
  'IMAGE_INVALID',
  'IMAGE_PLATFORM_MISMATCH',
  'IMAGE_DIGEST_MISMATCH',
  'IMAGE_TOO_LARGE',
  'IMAGE_NOT_PULLED',
  'IMAGE_USER_UNKNOWN',
  'IMAGE_DISK_FULL',
  'IMAGE_PULL_ABORTED',
  'IMAGE_PULL_BUSY',
  'REGISTRY_UNREACHABLE',
  'REGISTRY_RATE_LIMITED',
  'REGISTRY_REFUSED',
] as const;
export type ImageErrorCode = (typeof imageErrorCodes)[number];
