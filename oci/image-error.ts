/**
 * The errors of `oci/` by their stable code. Apart so that each code has one hint and one answer to "can it help to
 * try again". Messages name hosts and digests, never credentials or tokens.
 */
import { ClrkError } from '../contract/index.ts';
import type { ImageErrorCode } from './image.ts';

const hints: Readonly<Partial<Record<ImageErrorCode, string>>> = {
  IMAGE_REFERENCE_INVALID: 'Write it as [HOST[:PORT]/]NAME[:TAG][@sha256:…] or oci-layout:/PATH[:TAG].',
  IMAGE_NOT_FOUND: 'Check the name and tag, and that the image was pushed to this registry.',
  IMAGE_UNAUTHORIZED: 'Give credentials for this registry, or check that the repository exists.',
  IMAGE_INVALID: 'Push a container image (OCI image manifest or Docker schema 2) under this name.',
  IMAGE_PLATFORM_MISMATCH: 'Build and push the image for this platform too.',
  IMAGE_DIGEST_MISMATCH:
    'The bytes are not what their digest says: push the image again, and check the registry.',
  IMAGE_TOO_LARGE: 'Make the image smaller, or raise the limit.',
  IMAGE_NOT_PULLED: 'Pull the image first.',
  IMAGE_USER_UNKNOWN: 'Use a number in USER, or add the name to /etc/passwd or /etc/group of the image.',
  IMAGE_DISK_FULL: 'Every image on this disk is in use: free space on it, or give it more.',
  IMAGE_PULL_BUSY: 'Wait for pulls of this namespace to end.',
  REGISTRY_UNREACHABLE: 'Check that the registry runs and can be reached from here.',
  REGISTRY_RATE_LIMITED: 'Wait, or give credentials for this registry.',
};

const retryable: ReadonlySet<ImageErrorCode> = new Set([
  'IMAGE_NOT_FOUND',
  'IMAGE_UNAUTHORIZED',
  'IMAGE_DIGEST_MISMATCH',
  'IMAGE_DISK_FULL',
  'IMAGE_PULL_BUSY',
  'REGISTRY_UNREACHABLE',
  'REGISTRY_RATE_LIMITED',
] satisfies ImageErrorCode[]);

export function imageError(code: ImageErrorCode, message: string, cause?: unknown): ClrkError {
  const hint = hints[code];
  return new ClrkError(code, message, {
    ...(hint === undefined ? {} : { hint }),
    ...(cause === undefined ? {} : { cause }),
    retryable: retryable.has(code),
  });
}

/** The registry asked for a wait that whoever retries has to keep. */
export class RetryLaterError extends ClrkError {
  readonly retryAfterMs: number;

  constructor(code: ImageErrorCode, message: string, retryAfterMs: number) {
    super(code, `${message} and asks to wait ${Math.ceil(retryAfterMs / 1000)} s`, {
      hint: hints[code] ?? '',
      retryable: true,
    });
    this.retryAfterMs = retryAfterMs;
  }
}
