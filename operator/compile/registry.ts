/**
 * Registries a pool's workers pull from: plain-HTTP hosts of the installation and the logins of a pool's
 * imagePullSecrets, as they are written. Which of them is for an image the worker asks of `oci/registry-login.ts`.
 */
import type { PoolConfig } from '../../contract/index.ts';
import { kinds, type WorkerPool } from '../kind.ts';
import type { World } from '../runtime/index.ts';
import { secretText } from './secret-value.ts';

type Registry = PoolConfig['registries'][number];
type Login = Pick<Registry, 'username' | 'password' | 'identityToken'>;

export function compileRegistries(world: World, pool: WorkerPool, insecure: readonly string[]): Registry[] {
  const plain = insecure.map((host): Registry => ({ host, plainHttp: true }));
  const logins = (pool.spec.template.imagePullSecrets ?? []).flatMap((ref) => {
    const secret = world.get(kinds.secret, pool.metadata.namespace, ref.name ?? '');
    const { auths } = parsed(secretText(secret, '.dockerconfigjson'));
    // kubernetes.io/dockercfg: the same entries without a field around them.
    return [...loginsOf(auths), ...loginsOf(parsed(secretText(secret, '.dockercfg')))];
  });
  return [...plain, ...logins];
}

/** A document that is not a docker config has no logins; the pull then fails with its own clear reason. */
function parsed(text: string | undefined): Readonly<Record<string, unknown>> {
  if (text === undefined) return {};
  try {
    return record(JSON.parse(text));
  } catch {
    return {};
  }
}

function record(value: unknown): Readonly<Record<string, unknown>> {
  return value === null || typeof value !== 'object' ? {} : (value as Readonly<Record<string, unknown>>);
}

function loginsOf(auths: unknown): Registry[] {
  return Object.entries(record(auths)).flatMap(([key, entry]) => {
    const place = placeOf(key);
    const login = loginOf(record(entry));
    return place === undefined || login === undefined ? [] : [{ ...place, plainHttp: false, ...login }];
  });
}

/** `https://index.docker.io/v1/`, `host:5000`, `ghcr.io/org`: the API's version is no path, and a scheme says nothing. */
function placeOf(key: string): Pick<Registry, 'host' | 'path'> | undefined {
  const [address = ''] = key
    .trim()
    .replace(/^https?:\/\//i, '')
    .split('#');
  const [host = '', ...rest] = address.split('/').filter((part) => part !== '');
  const path = (rest[0] === 'v1' || rest[0] === 'v2' ? rest.slice(1) : rest).join('/');
  if (host === '') return undefined;
  return path === '' ? { host } : { host, path };
}

/** `auth` is taken before `username` and `password`, as docker and the kubelet do. */
function loginOf(entry: Readonly<Record<string, unknown>>): Login | undefined {
  const { auth, username, password, identitytoken } = entry;
  const login = nonEmpty(auth) ? decodedLogin(auth) : passwordLogin(username, password);
  if (!nonEmpty(identitytoken)) return login;
  return { ...login, identityToken: identitytoken };
}

function nonEmpty(value: unknown): value is string {
  return typeof value === 'string' && value !== '';
}

function passwordLogin(username: unknown, password: unknown): Login | undefined {
  return nonEmpty(username) && typeof password === 'string' ? { username, password } : undefined;
}

function decodedLogin(auth: string): Login | undefined {
  const decoded = Buffer.from(auth, 'base64').toString('utf8');
  const colon = decoded.indexOf(':');
  return colon < 1 ? undefined : { username: decoded.slice(0, colon), password: decoded.slice(colon + 1) };
}
