/**
 * Where built images and cached base layers lie when nobody says. Apart because CLI, examples and tests must agree.
 */
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';

type Environment = Readonly<Record<string, string | undefined>>;

/** The local image store, an OCI layout: `$CLRK_HOME/images`, `~/.clrk/images`. */
export function imageHome(environment: Environment): string {
  const home = environment['CLRK_HOME'];
  return join(home === undefined || home === '' ? join(homedir(), '.clrk') : resolve(home), 'images');
}

/** Base layers and downloaded packages: can be deleted at any time. */
export function imageCache(environment: Environment): string {
  const cache = environment['XDG_CACHE_HOME'];
  return join(cache === undefined || cache === '' ? join(homedir(), '.cache') : cache, 'clrk', 'images');
}
