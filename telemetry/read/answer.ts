/**
 * Records as an HTTP answer: a page as NDJSON with the token of the next in a header, or a stream that goes on by polling.
 * Apart because two doors give the same records, one to holders of a reader's token, one to users of the cluster. Who may
 * read what is theirs to know; here nothing is asked.
 */
import type { ServerResponse } from 'node:http';
import { setImmediate as turn, setTimeout as delay } from 'node:timers/promises';
import { ClrkError, header } from '../../contract/index.ts';
import type { Store } from '../store/store.ts';
import { follow } from './follow.ts';
import { followedOf, type Page } from './followed.ts';
import type { ReadRequest } from './read-request.ts';

const chunkChars = 256 * 1024;

/** A reader that has taken nothing for so long holds what it has no longer: its place among followers, and the rows. */
const patienceMs = 60_000;

/** Aborts when the client is gone, or has its answer. */
export function untilClosed(response: ServerResponse): AbortSignal {
  const closed = new AbortController();
  if (response.destroyed) closed.abort();
  else response.once('close', () => closed.abort());
  return closed.signal;
}

/** As one chunk where it can be; resolves when the reader keeps up, or is gone. */
export async function writeText(response: ServerResponse, text: string): Promise<void> {
  if (text === '' || response.destroyed || response.write(text)) return;
  await new Promise<void>((resolve) => {
    const timer = setTimeout(() => response.destroy(), patienceMs);
    const done = (): void => {
      clearTimeout(timer);
      response.off('drain', done).off('close', done);
      resolve();
    };
    response.on('drain', done).on('close', done);
  });
}

async function writeLines(response: ServerResponse, objects: AsyncIterable<object>): Promise<void> {
  let text = '';
  for await (const object of objects) {
    text += `${JSON.stringify(object)}\n`;
    if (text.length < chunkChars) continue;
    await writeText(response, text);
    text = '';
    if (response.destroyed) return;
    // Whoever takes it as fast as it comes would have this process to himself.
    await turn();
  }
  await writeText(response, text);
}

function writeHead(response: ServerResponse, page: Page<unknown> | undefined): void {
  response.writeHead(200, {
    'content-type': 'application/x-ndjson',
    ...(page?.next === undefined ? {} : { [header.continue]: page.next }),
  });
}

/** What fails before the first row is thrown; what fails later cuts the answer. */
export async function answerPage(
  store: Pick<Store, 'query'>,
  read: ReadRequest,
  response: ServerResponse,
): Promise<void> {
  const page = await followedOf(store, read).page();
  const objects = page.objects[Symbol.asyncIterator]();
  // The first row is fetched before the head is sent: what fails by then is an answer, not a cut stream.
  const first = await objects.next();
  if (read.what === 'invocation' && first.done === true) {
    throw new ClrkError('NOT_FOUND', 'no such invocation in this namespace');
  }
  writeHead(response, page);
  if (first.done !== true) {
    await writeText(response, `${JSON.stringify(first.value)}\n`);
    await writeLines(response, { [Symbol.asyncIterator]: () => objects });
  }
  response.end();
}

export interface FollowerOptions {
  readonly store: Pick<Store, 'query'>;
  /** Ends it. */
  readonly signal: AbortSignal;
  readonly pollMs?: number;
}

export async function answerFollower(
  { store, signal, pollMs = 1000 }: FollowerOptions,
  read: ReadRequest,
  response: ServerResponse,
): Promise<void> {
  const source = await follow(store, read, signal);
  writeHead(response, source.first);
  response.flushHeaders();
  if (source.first !== undefined) await writeLines(response, source.first.objects);
  while (!signal.aborted) {
    await writeLines(response, source.next());
    await delay(pollMs, undefined, { signal }).catch(() => undefined);
  }
  response.end();
}
