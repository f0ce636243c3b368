/** One table of addresses that never open: what was generated from it into other folders is what it says. */
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { neverOpenCidrs, parseCidr, reservedReason } from '../../contract/index.ts';
import { neverOpenFiles } from '../../scripts/never-open-files.ts';

test.each([...neverOpenFiles()])('S26: %s is the table of contract/', (path, text) => {
  expect(readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8')).toBe(text);
});

test('S26: every range of the exported table is closed', () => {
  for (const text of neverOpenCidrs) {
    const cidr = parseCidr(text);
    expect(cidr && reservedReason({ family: cidr.family, value: cidr.value })).toBeDefined();
  }
});
