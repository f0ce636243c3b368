import { ROOT_CONTEXT } from '@opentelemetry/api';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { escapeControls, StdioLog } from '../../../worker/dispatch/stdio-log.ts';

function collect(): { readonly lines: string[]; readonly log: StdioLog } {
  const lines: string[] = [];
  const log = new StdioLog({
    logger: { emit: (record) => void lines.push(record.body as string) },
    stream: 'stdout',
    attributes: {},
    context: ROOT_CONTEXT,
    now: () => 0,
  });
  return { lines, log };
}

test('lines are the same however the chunks fall', () => {
  fc.assert(
    fc.property(
      fc.array(fc.stringMatching(/^[a-z ]{1,20}$/), { maxLength: 30 }),
      fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1 }),
      (words, cuts) => {
        const bytes = Buffer.from(words.join('\n'));
        const { lines, log } = collect();
        for (let at = 0, turn = 0; at < bytes.length; turn += 1) {
          const next = at + (cuts[turn % cuts.length] ?? 1);
          log.write(bytes.subarray(at, next));
          at = next;
        }
        log.end();
        expect(lines).toEqual(words);
      },
    ),
  );
});

test('S50: a long line is cut, a flood is counted, control characters are escaped', () => {
  const { lines, log } = collect();
  log.write(Buffer.concat([Buffer.alloc(20_000, 'x'), Buffer.from('\nnext\n')]));
  expect(lines[0]).toBe(`${'x'.repeat(8192)} [11808 more bytes of this line are not recorded]`);
  expect(lines[1]).toBe('next');
  for (let index = 0; index < 1000; index += 1) log.write(Buffer.from('line\n'));
  log.end();
  expect(lines.length).toBeLessThanOrEqual(501);
  expect(lines.at(-1)).toContain('502 more lines');
  expect(escapeControls('\u001b[31mred\u0007 tab\t')).toBe('\\u001b[31mred\\u0007 tab\t');
});

test('S54: a stream is recorded up to its size, and what is over it is told as cut', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 60 }), fc.integer({ min: 1, max: 20_000 }), (lines, length) => {
      let now = 0;
      const recorded: string[] = [];
      const log = new StdioLog({
        logger: { emit: ({ body }) => void recorded.push(body as string) },
        stream: 'stderr',
        attributes: {},
        context: ROOT_CONTEXT,
        now: () => now,
      });
      for (let line = 0; line < lines * 20; line += 1) {
        // Slowly enough for the rate.
        now += 20;
        log.write(Buffer.from(`${'é'.repeat(length / 2)}x\n`));
      }
      log.end();
      const bytes = recorded.reduce((sum, line) => sum + Buffer.byteLength(line), 0);
      expect(bytes).toBeLessThan(4 * 1024 * 1024 + lines * 20 * 64);
      const told = recorded.filter((line) => line.endsWith('are not recorded]'));
      const whole = recorded.filter((line) => line.endsWith('x')).length;
      // Whole, or told: nothing is left out in silence, and no character is half.
      expect(whole === lines * 20 || told.length > 0).toBe(true);
      expect(recorded.join('')).not.toContain('\ufffd');
    }),
    { numRuns: 30 },
  );
});
