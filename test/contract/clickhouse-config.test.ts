/** The configuration of the platform's own ClickHouse: tags that close, one user, no password in it. */
import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { renderClickhouseServer, renderClickhouseUsers } from '../../contract/index.ts';

/** Tag names in the order they open; throws when one closes another. */
function tagsOf(xml: string): string[] {
  const seen: string[] = [];
  const open: string[] = [];
  for (const [, closing, name = ''] of xml.matchAll(/<(\/?)([\w-]+)>/g)) {
    if (closing === '/') expect(open.pop()).toBe(name);
    else {
      open.push(name);
      seen.push(name);
    }
  }
  expect(open).toEqual([]);
  return seen;
}

test('the server listens for HTTP alone and keeps its data below the volume', () => {
  const xml = renderClickhouseServer(8123);
  const tags = tagsOf(xml);
  expect(tags.filter((tag) => tag.endsWith('_port'))).toEqual(['http_port']);
  expect(tags).not.toContain('query_log');
  for (const [, path = ''] of xml.matchAll(/<(?:path|tmp_path|user_files_path)>(\/var[^<]*)</g))
    expect(path).toMatch(/^\/var\/lib\/clrk\/clickhouse\/data\//);
});

test('one user with the hash of the password; the password is nowhere', () => {
  const password = 'Zm9v-made_by-the-operator';
  const xml = renderClickhouseUsers(password);
  const tags = tagsOf(xml);
  expect(tags.slice(tags.indexOf('users') + 1)[0]).toBe('clrk');
  expect(tags).not.toContain('password');
  expect(xml).not.toContain(password);
  const hash = createHash('sha256').update(password).digest('hex');
  expect(xml).toContain(`<password_sha256_hex>${hash}</password_sha256_hex>`);
});
