/**
 * Image references: text to parts and back, with Docker's defaults written out. Apart because the same text must mean
 * the same image to worker, CLI and tests. Pure. Grammar: github.com/distribution/reference.
 */
import { parseDigest, type Digest } from '../contract/index.ts';
import { imageError } from './image-error.ts';

export interface RegistryReference {
  readonly kind: 'registry';
  /** `host[:port]` as written, `docker.io` when left out and for the other names of Docker Hub. */
  readonly host: string;
  readonly repository: string;
  readonly tag?: string;
  readonly digest?: Digest;
}

export interface LayoutReference {
  readonly kind: 'layout';
  readonly path: string;
  /** A name as in the annotation org.opencontainers.image.ref.name; absent: the only image of the layout. */
  readonly tag?: string;
  readonly digest?: Digest;
}

export type ImageReference = RegistryReference | LayoutReference;

const layoutPrefix = 'oci-layout:';
const hostPattern =
  /^(?:[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?(?:\.[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?)*|\[[0-9a-fA-F:]+\])(?::\d{1,5})?$/;
const componentPattern = /^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*$/;
const tagPattern = /^\w[\w.-]{0,127}$/;
/** distribution/reference: NameTotalLengthMax. */
const maxNameLength = 255;

function invalid(text: string, why: string): Error {
  return imageError('IMAGE_REFERENCE_INVALID', `"${text.slice(0, 300)}" is not an image reference: ${why}`);
}

function splitDigest(text: string): { readonly rest: string; readonly digest?: Digest } {
  const at = text.lastIndexOf('@');
  if (at === -1) return { rest: text };
  const digest = parseDigest(text.slice(at + 1));
  if (digest === undefined) throw invalid(text, 'after @ stands sha256: and 64 hex digits');
  return { rest: text.slice(0, at), digest };
}

function splitTag(text: string): { readonly rest: string; readonly tag?: string } {
  const colon = text.lastIndexOf(':');
  if (colon === -1 || colon < text.lastIndexOf('/')) return { rest: text };
  return { rest: text.slice(0, colon), tag: text.slice(colon + 1) };
}

/** The first component is a host when it could not be a repository of Docker Hub. */
function isHost(component: string): boolean {
  return component === 'localhost' || /[.:[]/.test(component) || component.toLowerCase() !== component;
}

function parseLayout(text: string): LayoutReference {
  const { rest, digest } = splitDigest(text.slice(layoutPrefix.length));
  // The name in a layout is often a full reference with colons of its own; a path has none (as skopeo has it).
  const colon = rest.indexOf(':');
  const path = colon === -1 ? rest : rest.slice(0, colon);
  const tag = colon === -1 ? undefined : rest.slice(colon + 1);
  if (!path.startsWith('/') || path.includes('\0')) throw invalid(text, 'oci-layout: needs an absolute path');
  if (tag === '') throw invalid(text, 'the tag is empty');
  return {
    kind: 'layout',
    path,
    ...(tag === undefined ? {} : { tag }),
    ...(digest === undefined ? {} : { digest }),
  };
}

const dockerHubNames = ['docker.io', 'index.docker.io', 'registry-1.docker.io'];

/** A registry's one name: Docker Hub has several. */
export function registryName(host: string): string {
  return dockerHubNames.includes(host) ? 'docker.io' : host;
}

function parseName(text: string, name: string): { readonly host: string; readonly repository: string } {
  const [first = '', ...others] = name.split('/');
  const hosted = others.length > 0 && isHost(first);
  const host = hosted ? first : 'docker.io';
  const path = hosted ? others.join('/') : name;
  if (!hostPattern.test(host)) throw invalid(text, 'the host is malformed');
  if (!path.split('/').every((component) => componentPattern.test(component)))
    throw invalid(text, 'a name has lower-case letters, digits and single separators');
  if (name.length > maxNameLength) throw invalid(text, `the name is longer than ${maxNameLength}`);
  const registry = registryName(host);
  const isLibrary = registry === 'docker.io' && !path.includes('/');
  return { host: registry, repository: isLibrary ? `library/${path}` : path };
}

/** Throws IMAGE_REFERENCE_INVALID. Without tag and digest the tag is `latest`. */
export function parseReference(text: string): ImageReference {
  if (text.startsWith(layoutPrefix)) return parseLayout(text);
  const { rest, digest } = splitDigest(text);
  const { rest: name, tag } = splitTag(rest);
  if (tag !== undefined && !tagPattern.test(tag)) throw invalid(text, 'the tag is malformed');
  const parts = { kind: 'registry', ...parseName(text, name) } as const;
  if (digest !== undefined) return { ...parts, ...(tag === undefined ? {} : { tag }), digest };
  return { ...parts, tag: tag ?? 'latest' };
}

/** Where its blobs are: registry and repository, or the layout. */
export function repositoryOf(reference: ImageReference): string {
  return reference.kind === 'layout'
    ? `${layoutPrefix}${reference.path}`
    : `${reference.host}/${reference.repository}`;
}

/** The full spelling: two references of the same image render the same. */
export function renderReference(reference: ImageReference): string {
  const name = repositoryOf(reference);
  const tag = reference.tag === undefined ? '' : `:${reference.tag}`;
  const digest = reference.digest === undefined ? '' : `@${reference.digest}`;
  return `${name}${tag}${digest}`;
}

/** The host that serves the API: Docker Hub's differs from its name. */
export function apiHost(host: string): string {
  return host === 'docker.io' ? 'registry-1.docker.io' : host;
}
