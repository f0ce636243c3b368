/** The environment of a role process, passed in, never read from `process.env` below the entry point. */
import { ClrkError } from '../contract/index.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

/** The variable's value. Throws ENVIRONMENT_MISSING when it is absent or empty. */
export function requireVariable(environment: Environment, name: string): string {
  const value = environment[name];
  if (value !== undefined && value !== '') return value;
  throw new ClrkError('ENVIRONMENT_MISSING', `environment variable ${name} is not set`, {
    hint: 'The Deployment of this role sets it; run roles through their Deployments or `clrk dev`.',
  });
}
