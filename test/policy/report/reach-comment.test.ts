/** The comment on a pull request: nothing that a manifest holds is rendered, mentioned, run or beyond what a forge takes. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { reachCommentFormats, reachCommentMark, renderReachComment } from '../../../policy/index.ts';

const change = (direction: string, sentence: string, folder = '') => ({ direction, sentence, folder });
const of = (...changes: ReturnType<typeof change>[]) => ({ base: 'origin/main', changes, path: './dist' });

describe('markdown', () => {
  test('says how much, and each change by its sign', () => {
    const text = renderReachComment(
      of(
        change('added', 'agent `a` may now reach x'),
        change('removed', 'no y'),
        change('changed', 'z by w', 'prod'),
      ),
      'markdown',
    );
    expect(text).toBe(`${reachCommentMark}
### Reach: 1 added, 1 removed, 1 changed since \`origin/main\`

\`\`\`diff
+ agent \`a\` may now reach x
- no y
! [prod] z by w
\`\`\`
`);
  });

  test('no change is said, so that the comment of an earlier run is replaced', () => {
    expect(renderReachComment(of(), 'markdown')).toBe(
      `${reachCommentMark}\n### Reach is the same as in \`origin/main\`\n`,
    );
  });

  test('S50: no text of a manifest ends the block or the line', () => {
    const text = fc.string({
      unit: fc.constantFrom('```', '````', '`', '~', '\n', '\r', ' ', 'x', '@', '<', '[', '\u2028'),
    });
    fc.assert(
      fc.property(
        text,
        fc.option(text, { nil: undefined }),
        fc.constantFrom('added', 'removed', 'changed'),
        (sentence, base, direction) => {
          const lines = renderReachComment(
            { base, changes: [change(direction, sentence)], path: 'd' },
            'markdown',
          ).split('\n');
          const fence = lines[3] ?? '';
          expect(fence).toMatch(/^`{3,}diff$/);
          const closing = fence.replace('diff', '');
          expect(lines.slice(4).findIndex((line) => line.startsWith(closing))).toBe(1);
          expect(lines).toHaveLength(7);
        },
      ),
    );
  });

  test('is bounded, and what was cut is told as cut', () => {
    const many = Array.from({ length: 5_000 }, (_, index) =>
      change('added', `agent ${index} may reach ${'x'.repeat(50)}`),
    );
    const text = renderReachComment(of(...many), 'markdown');
    expect(text.length).toBeLessThan(65_000);
    expect(text).toMatch(/… and \d+ more/);
    expect(text).toContain('5000 added');
  });
});

test('github: one annotation a change, a warning where reach grows; S50: no command of somebody else', () => {
  const text = renderReachComment(of(change('added', 'a\n::error::x%'), change('removed', 'b')), 'github');
  expect(text.split('\n')).toEqual([
    '::warning title=reach added::a?::error::x%25',
    '::notice title=reach removed::b',
    'Reach: 1 added, 1 removed since `origin/main`',
    '',
  ]);
});

test('gitlab: a code quality report with a fingerprint each', () => {
  const issues = JSON.parse(
    renderReachComment(of(change('added', 'a'), change('added', 'a'), change('removed', 'b')), 'gitlab'),
  ) as Array<{
    fingerprint: string;
  }>;
  expect(issues).toMatchObject([
    { description: 'a', check_name: 'reach-added', severity: 'major', location: { path: 'dist' } },
    { severity: 'major' },
    { check_name: 'reach-removed', severity: 'info' },
  ]);
  expect(new Set(issues.map(({ fingerprint }) => fingerprint)).size).toBe(3);
});

test.each(reachCommentFormats)('%s without a base is what agents can reach', (format) => {
  expect(
    renderReachComment(
      { base: undefined, changes: [change('is', 'agent a may reach x')], path: 'd' },
      format,
    ),
  ).toContain('agent a may reach x');
});
