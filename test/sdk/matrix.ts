/**
 * The rows of the matrix, for every language's SDKs, and what comes of them: the fields that are green stand in docs/providers, from
 * which docs/providers.md is made.
 */
import { format } from 'prettier';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { apis, type Api } from './apis.ts';
import { cases } from './cases.ts';
import type { Pair } from './gateway-policy.ts';
import { runCase } from './matrix-case.ts';
import { openSdkBed, type SdkBed } from './sdk-bed.ts';
import { startClient, type SdkClient } from './sdk-client.ts';

/** APIs of clients whose calls are translated, and of Backends they are translated for. */
export const translated: { readonly clients: readonly Api[]; readonly upstreams: readonly Api[] } = {
  clients: ['openai', 'openai-responses', 'anthropic', 'google', 'bedrock-converse'],
  upstreams: ['openai', 'anthropic', 'google', 'bedrock-converse'],
};

/** OpenAI's own servers have both of its APIs: nothing is translated between them. */
function isOther({ client, upstream }: Pair): boolean {
  return apis[client].host !== apis[upstream].host;
}

const own = (Object.keys(apis) as Api[]).map((api): Pair => ({ client: api, upstream: api }));
const others = translated.clients
  .flatMap((client) => translated.upstreams.map((upstream): Pair => ({ client, upstream })))
  .filter(isOther);

export const pairs: readonly Pair[] = [...own, ...others];

/** Clients are processes, one an API, from its first case to the end. */
class Clients {
  readonly #running = new Map<Api, SdkClient>();
  readonly #bed: SdkBed;
  readonly #program: (api: Api) => readonly string[];

  constructor(bed: SdkBed, program: (api: Api) => readonly string[]) {
    this.#bed = bed;
    this.#program = program;
  }

  of(api: Api): SdkClient {
    const running = this.#running.get(api);
    if (running !== undefined) return running;
    const environment: Record<string, string> =
      api === 'azure-openai' ? { AZURE_OPENAI_ENDPOINT: `https://${apis[api].host}` } : {};
    const client = startClient(this.#bed, this.#program(api), environment);
    this.#running.set(api, client);
    return client;
  }

  async close(): Promise<void> {
    await Promise.all([...this.#running.values()].map((client) => client.close()));
  }
}

/** `program`: the command of a language's client of an API. */
export function testMatrix(language: string, program: (api: Api) => readonly string[]): void {
  let bed: SdkBed;
  let clients: Clients;
  const green: Array<{ client: Api; upstream: Api; cases: string[] }> = [];

  beforeAll(async () => {
    bed = await openSdkBed();
    clients = new Clients(bed, program);
  });
  afterAll(async () => {
    await clients.close();
    await bed.close();
  });

  describe.each(pairs)('$client to $upstream', (pair) => {
    const seen: string[] = [];
    beforeAll(() => {
      bed.use(pair);
      green.push({ ...pair, cases: seen });
    });
    test.each(cases)('$name', async (each) => {
      await runCase(bed, clients.of(pair.client), pair, each);
      seen.push(each.name);
    });
  });

  test('the page of providers tells what was seen (npm run matrix writes it anew)', async () => {
    const seen = { cases: cases.map(({ name }) => name), rows: green };
    const text = await format(JSON.stringify(seen), { parser: 'json', printWidth: 110 });
    await expect(text).toMatchFileSnapshot(`../../docs/providers/${language}.json`);
  });
}
