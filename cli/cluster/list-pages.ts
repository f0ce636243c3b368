/** A collection page by page, as objects or as tables: the one place that follows `continue`. */
import { readJson, type Cluster } from './cluster.ts';
import { warningsOf } from './server-warning.ts';

const pageSize = 500;

export interface PagesRequest {
  /** From the server's root. */
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly query?: Readonly<Record<string, string | undefined>>;
  readonly signal?: AbortSignal;
}

export interface ListPage {
  /** As the server sent it: not judged here. */
  readonly body: unknown;
  /** There is another behind it. */
  readonly hasNext: boolean;
  /** What the server said beside its answer. */
  readonly warnings: readonly string[];
}

function nextOf(body: unknown): string | undefined {
  const { metadata } = (body ?? {}) as { readonly metadata?: { readonly continue?: unknown } | null };
  const token = metadata?.continue;
  return typeof token === 'string' && token !== '' ? token : undefined;
}

/** Asks for a page when it is wanted. */
export async function* listPages(
  cluster: Cluster,
  { query, ...request }: PagesRequest,
): AsyncGenerator<ListPage> {
  let next: string | undefined;
  do {
    const asked = { ...request, query: { ...query, limit: String(pageSize), continue: next } };
    const response = await cluster.must(asked);
    const body = await readJson(response.body);
    next = nextOf(body);
    yield { body, hasNext: next !== undefined, warnings: warningsOf(response.headers.warning) };
  } while (next !== undefined);
}
