/**
 * A reference to the source that serves it. Apart because store, push and the CLI all begin here.
 */
import type { PullOptions } from './image.ts';
import type { ImageSource } from './image-source.ts';
import { LayoutSource } from './layout-source.ts';
import type { ImageReference } from './reference.ts';
import { RegistrySession } from './registry-session.ts';
import { RegistrySource } from './registry-source.ts';

export function openSource(reference: ImageReference, options: PullOptions): ImageSource {
  if (reference.kind === 'layout') return new LayoutSource(reference.path);
  return new RegistrySource(openSession(reference.host, options), reference.host, reference.repository);
}

/** Loopback is spoken to over plain HTTP unless told otherwise, as Docker does: the bytes stay on the machine. */
function isLoopback(host: string): boolean {
  return /^(localhost|127(\.\d{1,3}){3}|\[::1\])(:\d+)?$/.test(host);
}

export function openSession(host: string, options: PullOptions): RegistrySession {
  return new RegistrySession({
    host,
    plainHttp: options.plainHttp ?? isLoopback(host),
    ...(options.credentials === undefined ? {} : { credentials: options.credentials }),
  });
}

/** What to ask the source for: the digest rules over the tag. */
export function wanted(reference: ImageReference): string {
  return reference.digest ?? reference.tag ?? '';
}
