import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  Cache,
  WatchMachine,
  pageLimit,
  type KubeObject,
  type WatchInput,
  type WatchRequest,
} from '../../../operator/runtime/index.ts';

function object(name: string, version: number): KubeObject {
  return { metadata: { namespace: 'ns', name, uid: name, resourceVersion: String(version) } };
}

const page = (items: KubeObject[], resourceVersion: string, continueToken?: string): WatchInput => ({
  type: 'page',
  items,
  resourceVersion,
  continueToken,
});

const bookmark: WatchInput = {
  type: 'event',
  event: 'BOOKMARK',
  object: { metadata: { resourceVersion: '11' } },
};

describe('WatchMachine', () => {
  it('lists in pages, replaces the cache once at the end, then watches from the list version', () => {
    const machine = new WatchMachine();
    expect(machine.start()).toEqual({ type: 'list', limit: pageLimit });
    expect(machine.step(page([object('a', 1)], '10', 'next'))).toEqual({
      changes: [],
      request: { type: 'list', limit: pageLimit, continueToken: 'next' },
    });
    expect(machine.synced).toBe(false);
    const step = machine.step(page([object('b', 2)], '10'));
    expect(step.request).toEqual({ type: 'watch', resourceVersion: '10' });
    expect(step.changes).toEqual([{ type: 'replace', objects: [object('a', 1), object('b', 2)] }]);
    expect(machine.synced).toBe(true);
  });

  it('resumes from the last event or bookmark after a watch ends', () => {
    const machine = watching('10');
    machine.step({ type: 'event', event: 'MODIFIED', object: object('a', 12) });
    machine.step({ type: 'event', event: 'BOOKMARK', object: { metadata: { resourceVersion: '17' } } });
    expect(machine.step({ type: 'ended' }).request).toEqual({ type: 'watch', resourceVersion: '17' });
  });

  it.each<[string, WatchInput]>([
    ['an HTTP 410', { type: 'failed', status: 410 }],
    ['an ERROR event with code 410', { type: 'event', event: 'ERROR', object: { code: 410 } }],
  ])('lists again at once after %s', (_name, input) => {
    expect(watching('10').step(input).request).toEqual({ type: 'list', limit: pageLimit });
  });

  it('waits longer after each failure, at most 30 s, and watches on from the same version', () => {
    const machine = watching('10');
    const waits: number[] = [];
    for (let round = 0; round < 12; round += 1) {
      const { request } = machine.step({ type: 'failed' });
      if (request?.type === 'wait') waits.push(request.ms);
      expect(machine.step({ type: 'waited' }).request).toEqual({ type: 'watch', resourceVersion: '10' });
    }
    expect(waits.slice(0, 3)).toEqual([200, 400, 800]);
    expect(waits.at(-1)).toBe(30_000);
  });

  it.each<[string, WatchInput[], boolean]>([
    ['at once, without a word', [{ type: 'ended' }], true],
    ['at once, after a bookmark each time', [bookmark, { type: 'ended', ranMs: 3 }], true],
    ['after minutes, without a word', [{ type: 'ended', ranMs: 300_000 }], false],
    ['after minutes, with events', [bookmark, { type: 'ended', ranMs: 300_000 }], false],
  ])('a watch that ends %s is begun again with back-off or at once', (_name, inputs, waits) => {
    const machine = watching('10');
    const asked: number[] = [];
    for (let round = 0; round < 12; round += 1) {
      for (const input of inputs) {
        const { request } = machine.step(input);
        if (request?.type !== 'wait') continue;
        asked.push(request.ms);
        expect(machine.step({ type: 'waited' }).request?.type).toBe('watch');
      }
    }
    expect(asked.slice(0, 3)).toEqual(waits ? [200, 400, 800] : []);
    expect(asked.at(-1)).toBe(waits ? 30_000 : undefined);
  });

  it('a server that answers every watch with 410 is not listed in a loop', () => {
    const machine = watching('10');
    let waits = 0;
    for (let round = 0; round < 20; round += 1) {
      let { request } = machine.step({ type: 'failed', status: 410 });
      if (request?.type === 'wait') {
        waits += 1;
        request = machine.step({ type: 'waited' }).request;
      }
      expect(request?.type).toBe('list');
      machine.step(page([], String(20 + round)));
    }
    expect(waits).toBe(19);
  });

  it('asks for a whole list when a continue token expired, or paging could expire for ever', () => {
    const machine = new WatchMachine();
    machine.start();
    machine.step(page([object('a', 1)], '10', 'next'));
    expect(machine.step({ type: 'failed', status: 410 }).request).toEqual({ type: 'list', limit: 0 });
  });

  it('always asks for something to do, and its cache equals the server, whatever fails', () => {
    const fault = fc.constantFrom<number | undefined | 'none'>('none', 'none', 'none', undefined, 410, 500);
    const write = fc.record({ name: fc.constantFrom('a', 'b', 'c', 'd'), gone: fc.boolean() });
    fc.assert(
      fc.property(fc.array(fc.tuple(fault, write), { maxLength: 60 }), (rounds) => {
        const server = new FakeServer();
        const machine = new WatchMachine();
        const cache = new Cache();
        let request: WatchRequest = machine.start();
        const take = (input: WatchInput): void => {
          const step = machine.step(input);
          for (const change of step.changes) cache.change(change);
          request = step.request ?? request;
        };
        for (const [failure, { name, gone }] of rounds) {
          server.write(name, gone);
          if (failure !== 'none') take({ type: 'failed', status: failure });
          else for (const input of server.answer(request)) take(input);
        }
        for (let round = 0; round < 4; round += 1) for (const input of server.answer(request)) take(input);
        expect(cache.list().map(({ metadata }) => [metadata?.name, metadata?.resourceVersion])).toEqual(
          server.listed(),
        );
      }),
    );
  });
});

function watching(version: string): WatchMachine {
  const machine = new WatchMachine();
  machine.start();
  machine.step(page([], version));
  return machine;
}

/** An API server of one kind: a log of writes, of which it forgets nothing. */
class FakeServer {
  #version = 0;
  readonly #objects = new Map<string, KubeObject>();
  readonly #log: Array<{ version: number; input: WatchInput }> = [];

  write(name: string, gone: boolean): void {
    this.#version += 1;
    const event = gone ? 'DELETED' : 'MODIFIED';
    if (gone && !this.#objects.delete(name)) return;
    const written = object(name, this.#version);
    if (!gone) this.#objects.set(name, written);
    this.#log.push({ version: this.#version, input: { type: 'event', event, object: written } });
  }

  answer(request: WatchRequest): WatchInput[] {
    if (request.type === 'wait') return [{ type: 'waited' }];
    if (request.type === 'list') return [page([...this.#objects.values()], String(this.#version))];
    const since = this.#log.filter(({ version }) => version > Number(request.resourceVersion));
    return [...since.map(({ input }) => input), { type: 'ended' }];
  }

  listed(): unknown[] {
    const sorted = [...this.#objects].sort(([a], [b]) => (a < b ? -1 : 1));
    return sorted.map(([name, { metadata }]) => [name, metadata?.resourceVersion]);
  }
}
