/** docs/constructs is what the doc comments say, no more and no less. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { referencePages } from '../../scripts/api-reference.ts';
import { repositoryRoot } from '../../scripts/source-files.ts';

const folder = join(repositoryRoot, 'docs/constructs');
const pages = referencePages();

describe('reference of the constructs', () => {
  test('is committed as it is generated (npm run generate)', () => {
    const committed = readdirSync(folder).map((name) => [name, readFileSync(join(folder, name), 'utf8')]);
    expect(Object.fromEntries(committed)).toEqual(Object.fromEntries(pages));
  });

  test('every link in it leads to a heading', () => {
    const heading = (text: string): boolean => {
      const [file = '', anchor = ''] = text.split('#');
      return new RegExp(`^## ${anchor}$`, 'im').test(pages.get(file) ?? '');
    };
    const links = [...pages.values()].flatMap((text) =>
      [...text.matchAll(/\]\(([^)]+)\)/g)].map((each) => each[1] ?? ''),
    );
    expect(links.length).toBeGreaterThan(40);
    expect(links.filter((link) => !heading(link))).toEqual([]);
  });
});
