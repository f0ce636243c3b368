import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { platformAuthNames } from '../../../contract/index.ts';
import { loadCredentials, renderTokenFile } from '../../../local/control-plane/credentials.ts';

it('makes every credential once, keeps it for the owner only, and all differ', () => {
  const folder = mkdtempSync(join(tmpdir(), 'clrk-credentials-'));
  const path = join(folder, 'auth.json');
  const credentials = loadCredentials(path);
  expect(loadCredentials(path)).toEqual(credentials);
  expect(statSync(path).mode & 0o777).toBe(0o600);
  for (const name of platformAuthNames) expect(credentials.platform).toHaveProperty([name]);
  const { root, api, platform } = credentials;
  const values = [root, ...Object.values(api), ...Object.values(platform)];
  expect(new Set(values).size).toBe(values.length);
  expect(renderTokenFile(credentials).split('\n')[0]).toBe(
    `${credentials.api.admin},clrk-admin,clrk-admin,system:masters`,
  );
  rmSync(folder, { recursive: true, force: true });
});
