/** The page a bench writes into the documentation. */
import { expect, test } from 'vitest';
import { renderPage } from '../../bench/page.ts';

test('rows, figures and what is missing, with machine and day', () => {
  const page = renderPage(
    {
      name: 'sample',
      ratios: { 'a/b': 0.61234 },
      rows: [
        { proxy: 'a', p50_ms: 1 },
        { proxy: 'b', errors: 2 },
      ],
      notMeasured: ['c (not there)'],
    },
    '2 cores',
    new Date('2026-11-24T23:00:00Z'),
  );
  expect(page).toContain('# Benchmark: sample\n');
  expect(page).toContain('2 cores; 2026-11-24.');
  expect(page).toContain('| proxy | p50_ms | errors |\n| --- | --- | --- |\n| a | 1 |  |\n| b |  | 2 |\n');
  expect(page).toContain('| a/b | 0.612 |');
  expect(page).toContain('- Not measured: c (not there)\n');
});
