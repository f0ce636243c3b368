import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { DevStateFile, emptyDevState, parseDevState } from '../../local/dev-state.ts';

it.each([
  ['no file', undefined],
  ['half a file', '{"version":1,"po'],
  ['another version', '{"version":2,"ports":{},"exposed":{},"children":{}}'],
  ['other JSON', '[]'],
])('takes %s for an empty state', (_title, text) => {
  expect(parseDevState(text)).toEqual(emptyDevState);
});

it('writes every update whole', () => {
  const folder = mkdtempSync(join(tmpdir(), 'clrk-state-'));
  const path = join(folder, 'dev.json');
  new DevStateFile(path).update((state) => (state.ports['nats'] = 4222));
  expect(new DevStateFile(path).current.ports).toEqual({ nats: 4222 });
  expect(emptyDevState.ports).toEqual({});
  rmSync(folder, { recursive: true, force: true });
});
