/** Registries a pool's workers pull from: plain-HTTP hosts of the installation and a pool's imagePullSecrets. */
import type { PoolConfig } from '../../contract/index.ts';
import { kinds, type WorkerPool } from '../kind.ts';
import type { World } from '../runtime/index.ts';
import { secretText } from './secret-value.ts';

type Registry = PoolConfig['registries'][number];

export function compileRegistries(world: World, pool: WorkerPool, insecure: readonly string[]): Registry[] {
  const byHost = new Map<string, Registry>(insecure.map((host) => [host, { host, plainHttp: true }]));
  for (const ref of pool.spec.template.imagePullSecrets ?? []) {
    const secret = world.get(kinds.secret, pool.metadata.namespace, ref.name ?? '');
    for (const login of logins(secretText(secret, '.dockerconfigjson'))) {
      byHost.set(login.host, { plainHttp: false, ...byHost.get(login.host), ...login });
    }
  }
  return [...byHost.values()].sort((a, b) => (a.host < b.host ? -1 : 1));
}

interface Login {
  readonly host: string;
  readonly username: string;
  readonly password: string;
}

/** A document that is not a docker config has no logins; the pull then fails with its own clear reason. */
function logins(text: string | undefined): Login[] {
  if (text === undefined) return [];
  let auths: unknown;
  try {
    auths = (JSON.parse(text) as { auths?: unknown }).auths;
  } catch {
    return [];
  }
  if (auths === null || typeof auths !== 'object') return [];
  return Object.entries(auths).flatMap(([key, entry]) => {
    const host = key.replace(/^https?:\/\//, '').split('/')[0] ?? '';
    const login = loginOf(entry);
    return host === '' || login === undefined ? [] : [{ host, ...login }];
  });
}

function loginOf(entry: unknown): { username: string; password: string } | undefined {
  if (entry === null || typeof entry !== 'object') return undefined;
  const { auth, username, password } = entry as Readonly<Record<string, unknown>>;
  if (typeof username === 'string' && typeof password === 'string') return { username, password };
  if (typeof auth !== 'string') return undefined;
  const decoded = Buffer.from(auth, 'base64').toString('utf8');
  const colon = decoded.indexOf(':');
  return colon < 1 ? undefined : { username: decoded.slice(0, colon), password: decoded.slice(colon + 1) };
}
