/** The operator's own compiler as commands use it, loaded only by those that need it, and what they may tell it of a platform. */
import { parseCidr } from '../../contract/index.ts';
import { usageError } from '../exit-code.ts';
import type { Compile } from './manifest-sets.ts';

/** `--platform-cidr`. Throws USAGE. */
export function parsePlatformCidrs(cidrs: readonly string[] = []): readonly string[] {
  const wrong = cidrs.find((cidr) => parseCidr(cidr) === undefined);
  if (wrong !== undefined)
    throw usageError(`--platform-cidr ${wrong} is not a CIDR`, 'For example 10.96.0.0/12.');
  return cidrs;
}

/** `at`: of which Approvals that last are told, Unix milliseconds; absent: none. */
export async function loadCompiler(platformCidrs: readonly string[], at?: number): Promise<Compile> {
  const { compileManifests } = await import('../../operator/index.ts');
  return (objects) => compileManifests(objects, platformCidrs, at);
}
