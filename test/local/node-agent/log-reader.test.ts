import { appendFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { parseLogQuery } from '../../../local/node-agent/kubelet-server.ts';
import { followStoredLog, readStoredLog, selectLog } from '../../../local/node-agent/log-reader.ts';

const stored = [
  '2026-01-01T00:00:01.000Z stdout F one',
  '2026-01-01T00:00:02.000Z stderr P tw',
  '2026-01-01T00:00:02.000Z stderr F o',
  '',
].join('\n');

describe('selectLog', () => {
  it.each([
    [{ timestamps: false }, 'one\ntwo\n'],
    [{ timestamps: false, tailLines: 1 }, 'o\n'],
    [{ timestamps: false, tailLines: 0 }, ''],
    [{ timestamps: true, tailLines: 1 }, '2026-01-01T00:00:02.000Z o\n'],
    [{ timestamps: false, since: Date.parse('2026-01-01T00:00:02Z') }, 'two\n'],
    [{ timestamps: false, limitBytes: 3 }, 'one'],
  ])('%j gives %j', (query, expected) => {
    expect(selectLog(stored, query)).toBe(expected);
  });

  it('reads kubectl’s parameters and ignores nonsense', () => {
    const query = parseLogQuery(
      new URLSearchParams('tailLines=5&sinceSeconds=10&timestamps=true&limitBytes=x'),
      20_000,
    );
    expect(query).toEqual({ tailLines: 5, since: 10_000, timestamps: true });
  });
});

describe('followStoredLog', () => {
  let folder = '';
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'clrk-log-'));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  it('gives whole lines that are added, also after a rotation, until it is told to end', async () => {
    const path = join(folder, 'c.log');
    writeFileSync(path, 'old\n');
    const { offset } = await readStoredLog(path);
    const abort = new AbortController();
    const lines = followStoredLog(path, offset, abort.signal);
    appendFileSync(path, 'new\nhal');
    expect((await lines.next()).value).toBe('new\n');
    writeFileSync(path, 'x\n');
    expect((await lines.next()).value).toContain('x\n');
    abort.abort();
    expect((await lines.next()).done).toBe(true);
  });
});
