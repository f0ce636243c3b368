/** Which ClickHouse server keeps the records, and as whom. Apart so that where a password may come from is in one place. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { environment as variables, platformAuthKeys } from '../../contract/index.ts';
import type { Environment } from '../../process/index.ts';

/**
 * A URL with a password comes as a file of the mounted Secret, one without may come as a variable. The platform's own
 * password goes only to the server the platform brought: where the installation names a user. undefined: the embedded engine.
 */
export function serverUrl(environment: Environment, authDir: string): string | undefined {
  const file = join(authDir, platformAuthKeys.clickhouseUrl);
  if (existsSync(file)) return readFileSync(file, 'utf8').trim() || undefined;
  const url = environment[variables.clickhouseUrl] || undefined;
  const user = environment[variables.clickhouseUser] || undefined;
  if (url === undefined || user === undefined) return url;
  const own = new URL(url);
  own.username = user;
  own.password = readFileSync(join(authDir, platformAuthKeys.clickhousePassword), 'utf8').trim();
  return own.href;
}
