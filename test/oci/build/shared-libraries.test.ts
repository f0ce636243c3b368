import { expect, test } from 'vitest';
import { parseLdd, programEntries } from '../../../oci/build/shared-libraries.ts';

test("ldd's lines", () => {
  const output = [
    '\tlinux-vdso.so.1 (0x00007f47316bc000)',
    '\tlibm.so.6 => /lib/x86_64-linux-gnu/libm.so.6 (0x00007f4731320000)',
    '\tlibgone.so.1 => not found',
    '\t/lib64/ld-linux-x86-64.so.2 (0x00007f47316be000)',
  ].join('\n');
  const found = ['/lib/x86_64-linux-gnu/libm.so.6', '/lib64/ld-linux-x86-64.so.2'];
  expect(parseLdd(output)).toEqual({ found, missing: ['libgone.so.1'] });
  expect(parseLdd('\tstatically linked\n')).toEqual({ found: [], missing: [] });
});

test('a program comes with its loader and its libc', async () => {
  const entries = await programEntries('/bin/sh', { at: '/bin/sh' });
  const paths = entries.map((entry) => entry.path);
  expect(paths).toContain('bin/sh');
  expect(paths.some((path) => /ld-linux/.test(path))).toBe(true);
  expect(paths.some((path) => /libc\.so\.6$/.test(path))).toBe(true);
});
