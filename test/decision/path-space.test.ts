/**
 * Whoever asks about one path of each kind has asked about all: paths of one kind are one to the table of operations. The paths
 * tried are made of every word in the tables' own sources, so a table that learns a path is tried with it.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { operationTable, pathSpaceOf, socketMethod } from '../../decision/index.ts';
import { tableReader } from '../../policy/reach/space/table-reader.ts';

const folder = join(import.meta.dirname, '../../decision/operation');
const sources = readdirSync(folder).filter((file) => file !== 'path-space.ts');
const words = sources.flatMap(
  (file) => readFileSync(join(folder, file), 'utf8').match(/[A-Za-z0-9_.-]+/g) ?? [],
);
const parts = [...new Set(words)].filter((word) => word.length < 32);
const path = fc
  .array(
    fc.tuple(
      fc.constantFrom('/', '/', '/', ':'),
      fc.oneof(
        fc.constantFrom(...parts),
        fc.constantFrom(
          'v1',
          'v1beta',
          'openai',
          'anthropic',
          'models',
          'model',
          'deployments',
          'x',
          'messages',
        ),
      ),
    ),
    { minLength: 1, maxLength: 5 },
  )
  .map(
    (pieces) =>
      `/${pieces
        .map((piece) => piece.join(''))
        .join('')
        .slice(1)}`,
  );

test.each(['openai', 'anthropic', 'google', 'azure-openai', 'bedrock', 'custom', 'unknown', undefined])(
  'paths of one kind are one operation to %s',
  (schema) => {
    const space = pathSpaceOf(schema);
    const operation = operationTable(schema);
    const signature = (text: string): string =>
      JSON.stringify(
        ['POST', 'GET', 'PUT', socketMethod].map((method) => operation(method, text)?.model.from ?? null),
      );
    const known = new Map([['-', JSON.stringify([null, null, null, null])]]);
    const kindOf = (text: string): string => {
      let scan = tableReader(space, []).scan();
      for (const character of text) scan = scan.step(character);
      return scan.verdict;
    };
    const templates = space.templates.flatMap(({ before, after, anyAfter }) =>
      [...after, ...(anyAfter === 'text' ? ['/x', '/x/y'] : anyAfter === 'word' ? [':x', ':yZ'] : [])].map(
        (end) => `${before}m${end}`,
      ),
    );
    const written = [...space.literals, ...templates];
    const tried = fc.oneof(
      { weight: 3, arbitrary: path },
      { weight: 1, arbitrary: fc.tuple(path, path).map((two) => two.join('')) },
      ...(written.length === 0 ? [] : [{ weight: 1, arbitrary: fc.constantFrom(...written) }]),
    );
    fc.assert(
      fc.property(tried, (text) => {
        const kind = kindOf(text);
        const expected = known.get(kind) ?? signature(text);
        known.set(kind, expected);
        expect([text, signature(text)]).toEqual([text, expected]);
      }),
      { numRuns: 5_000 },
    );
    // What is listed is in the table.
    for (const text of written) expect(signature(text)).not.toBe(known.get('-'));
  },
);
