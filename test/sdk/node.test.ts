/** The official SDKs for Node, unmodified, through a gateway to the stand-in: every pair of APIs, every case. */
import { afterAll, beforeAll, describe, test } from 'vitest';
import { apis, type Api } from './apis.ts';
import { cases } from './cases.ts';
import { pairs, runCase } from './matrix.ts';
import { openSdkBed, type SdkBed } from './sdk-bed.ts';
import { nodeProgram, startClient, type SdkClient } from './sdk-client.ts';

const programs: Readonly<Record<Api, string>> = {
  openai: 'openai-chat',
  'openai-responses': 'openai-responses',
  anthropic: 'anthropic',
  google: 'google',
  'bedrock-converse': 'bedrock',
  'azure-openai': 'openai-chat',
};

let bed: SdkBed;
const clients = new Map<Api, SdkClient>();

/** One process an API: it lives from its first case to the end. */
function clientOf(api: Api): SdkClient {
  const running = clients.get(api);
  if (running !== undefined) return running;
  const environment: Record<string, string> =
    api === 'azure-openai' ? { AZURE_OPENAI_ENDPOINT: `https://${apis[api].host}` } : {};
  const client = startClient(bed, nodeProgram(programs[api]), environment);
  clients.set(api, client);
  return client;
}

beforeAll(async () => {
  bed = await openSdkBed();
});
afterAll(async () => {
  await Promise.all([...clients.values()].map((client) => client.close()));
  await bed.close();
});

describe.each(pairs)('$client to $upstream', (pair) => {
  beforeAll(() => bed.use(pair));
  test.each(cases)('$name', (each) => runCase(bed, clientOf(pair.client), pair, each));
});
