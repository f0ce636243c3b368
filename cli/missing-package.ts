/**
 * Packages a small install of `clrk` leaves out, and what a command says that needs one. Apart because the packer reads
 * the same list. It must never install anything itself.
 */
import packageJson from '../package.json' with { type: 'json' };
import { ClrkError } from '../contract/index.ts';

/** Optional peers of the published program: native parts, and what only `clrk` itself synthesizes with. */
export const optionalPackages = ['koffi', 'chdb', 'esbuild', 'cdk8s', 'cdk8s-plus-28', 'constructs'] as const;

const versions: ReadonlyMap<string, string> = new Map(Object.entries(packageJson.dependencies));

/** What was thrown, or, when a package of the list could not be found, which one and how to get it. */
export function explainMissingPackage(thrown: unknown): unknown {
  if (!(thrown instanceof Error) || !('code' in thrown) || thrown.code !== 'ERR_MODULE_NOT_FOUND')
    return thrown;
  const wanted = /Cannot find package '([^']+)'/.exec(thrown.message)?.[1];
  const name = optionalPackages.find((each) => each === wanted);
  if (name === undefined) return thrown;
  return new ClrkError('PACKAGE_MISSING', `this command needs the package ${name}, which is not installed`, {
    hint: `Type: npm install --save-dev ${name}@${versions.get(name) ?? 'latest'}`,
    cause: thrown,
  });
}
