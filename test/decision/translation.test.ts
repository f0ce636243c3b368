/** Which calls may go to a Backend of another API, and on which paths they are judged there. */
import { describe, expect, test } from 'vitest';
import type { Call } from '../../decision/index.ts';
import { refuse } from '../../decision/index.ts';
import {
  isTakenBy,
  judgeTranslation,
  translatedCalls,
  translatedPaths,
  translationOf,
  type Translation,
} from '../../decision/translation.ts';
import { operationTable } from '../../decision/operation/index.ts';
import { createConfig } from '../egress/gateway-config.ts';
import { ask, call, site } from './asking.ts';

const backend = (schema: string) => ({ name: 'other', schema });
const foreign = (schema: string) => ({ isForeign: true, backend: backend(schema) });
const operationOf = (provider: string, path: string) => operationTable(provider)('POST', path);

describe('what goes as what', () => {
  test.each<[string, string, string, [string, string, string] | undefined]>([
    ['openai', '/v1/chat/completions', 'anthropic', ['openai', 'anthropic', '']],
    ['openai', '/v1/responses', 'anthropic', ['openai-responses', 'anthropic', '']],
    ['openai', '/v1/chat/completions', 'azure-openai', ['openai', 'openai', '/openai']],
    ['openai', '/v1/responses', 'azure-openai', ['openai-responses', 'openai-responses', '/openai']],
    ['anthropic', '/v1/messages', 'openai', ['anthropic', 'openai', '']],
    ['anthropic', '/v1/messages', 'custom', ['anthropic', 'openai', '']],
    ['google', '/v1beta/models/g:streamGenerateContent', 'bedrock', ['google', 'bedrock-converse', '']],
    ['bedrock', '/model/m/converse', 'google', ['bedrock-converse', 'google', '']],
    ['azure-openai', '/openai/v1/chat/completions', 'openai', ['openai', 'openai', '']],
    ['azure-openai', '/openai/deployments/m/chat/completions', 'anthropic', ['openai', 'anthropic', '']],
    ['azure-openai', '/openai/deployments/m/chat/completions', 'openai', undefined],
    ['azure-openai', '/openai/deployments/m/chat/completions', 'custom', undefined],
    ['openai', '/v1/embeddings', 'anthropic', undefined],
    ['openai', '/v1/completions', 'anthropic', undefined],
    ['anthropic', '/v1/messages/count_tokens', 'openai', undefined],
    ['bedrock', '/model/m/invoke', 'openai', undefined],
    ['openai', '/v1/chat/completions', 'a schema nobody knows', undefined],
  ])('%s %s at a Backend of %s', (provider, path, schema, expected) => {
    const found = translationOf(foreign(schema), operationOf(provider, path));
    expect(found && [found.from, found.to, found.base]).toEqual(expected);
    expect(isTakenBy(foreign(schema), { upgrade: false }, operationOf(provider, path))).toBe(
      expected !== undefined,
    );
  });

  test('a Backend of the same schema takes what it is sent as it is', () => {
    const own = { isForeign: false, backend: backend('openai') };
    const chat = operationOf('openai', '/v1/chat/completions');
    expect(translationOf(own, chat)).toBeUndefined();
    expect(isTakenBy(own, { upgrade: true }, operationOf('openai', '/v1/embeddings'))).toBe(true);
  });

  test('no socket goes to one of another', () => {
    const chat = operationOf('openai', '/v1/chat/completions');
    expect(isTakenBy(foreign('anthropic'), { upgrade: true }, chat)).toBe(false);
  });
});

describe('where it arrives', () => {
  const to = (api: Translation['to'], base = ''): Translation => ({ from: 'openai', to: api, base });

  test.each<[Translation, string, readonly string[]]>([
    [to('openai'), 'm', ['/v1/chat/completions']],
    [to('openai', '/openai'), 'm', ['/openai/v1/chat/completions']],
    [to('anthropic'), 'm', ['/v1/messages']],
    [to('google'), 'g-1', ['/v1beta/models/g-1:generateContent', '/v1beta/models/g-1:streamGenerateContent']],
    [to('bedrock-converse'), 'a.b-v1:0', ['/model/a.b-v1:0/converse', '/model/a.b-v1:0/converse-stream']],
  ])('%j', (translation, model, paths) => {
    expect(translatedPaths(translation, model)).toEqual(paths);
    expect(translatedCalls(call(), translation, model).map(({ path }) => path)).toEqual(paths);
  });
});

describe('what must be known of it', () => {
  const named: Call['body'] = { kind: 'inference', model: 'm' };
  const to: Translation = { from: 'openai', to: 'google', base: '' };
  const unreadable = refuse(415, 'protocol', 'utf-8');

  test.each<[string, Call['body'], string | undefined, string | undefined]>([
    ['a body and a model', named, 'm', undefined],
    ['no body', { kind: 'none' }, 'm', 'TRANSLATION_IMPOSSIBLE'],
    ['no model', named, undefined, 'TRANSLATION_IMPOSSIBLE'],
    ['a model that leaves its path', named, '../files', 'TRANSLATION_IMPOSSIBLE'],
    ['a model that is two segments', named, 'a/b', 'TRANSLATION_IMPOSSIBLE'],
  ])('%s', (_, body, model, code) => {
    expect(judgeTranslation(backend('google'), to, call({ body }), model)?.code).toBe(code);
  });

  test('a body that nobody can read is refused as that', () => {
    const body: Call['body'] = { kind: 'unreadable', refusal: unreadable };
    expect(judgeTranslation(backend('google'), to, call({ body }), 'm')).toBe(unreadable);
  });
});

/** A config of one rule with one Backend. */
function configOf(provider: 'openai' | 'azure-openai', schema: string, models: string[] = []) {
  const rule = {
    matches: [{ provider, models, endpoints: [] }],
    filters: [],
    backends: [
      {
        ...{ name: 'other', host: 'd.example.com', port: 443, weight: 1, schema },
        ...{ modelRewrites: [{ from: 'gpt-4o-mini', to: 'cheap' }], ensureStreamUsage: false },
      },
    ],
  };
  const route = { namespace: 'default', name: 'llm' };
  const opened = {
    ...{ route: 'AIProviderRoute/default/llm', hostnames: ['api.openai.com', 'me.openai.azure.com'] },
    ...{ cidrs: [], ports: [{ start: 443, end: 443 }], protocol: 'TCP' as const },
  };
  return createConfig('192.0.2.1', 443, {
    destinations: { defaultPolicy: 'deny-all', rules: [opened], platformCidrs: [] },
    providerRoutes: [{ route, rules: [rule] }],
    credentials: [],
  });
}

describe('a model that was judged in the path is the one that is asked for', () => {
  const path = '/openai/deployments/gpt-4o-mini/chat/completions';
  const body: Call['body'] = { kind: 'inference', model: 'o1-pro' };
  const decide = (schema: string) =>
    ask(configOf('azure-openai', schema, ['gpt-4o-mini']), site('me.openai.azure.com'), call({ path, body }));

  test.each(['openai', 'custom'])('%s, which would read the one in the body, is no candidate', (schema) => {
    expect(decide(schema)).toMatchObject({ kind: 'refuse', model: 'gpt-4o-mini' });
  });

  test('written anew for another API it is that of the path', () => {
    const translation = { from: 'openai', to: 'anthropic' };
    expect(decide('anthropic')).toMatchObject({
      ...{ kind: 'allow', model: 'gpt-4o-mini' },
      candidates: [{ translation }],
    });
  });

  test('in the body it is judged and goes', () => {
    const own = call({ path: '/openai/v1/chat/completions', body });
    const config = configOf('azure-openai', 'openai', ['o1-pro']);
    expect(ask(config, site('me.openai.azure.com'), own)).toMatchObject({ kind: 'allow', model: 'o1-pro' });
  });
});

test('S42: what the agent brings for its own host does not go to a Backend of another API', () => {
  const config = configOf('openai', 'anthropic');
  const decision = ask(config, site('api.openai.com'), call());
  const [candidate] = decision.kind === 'allow' ? decision.candidates : [];
  expect(candidate?.target.hostname).toBe('d.example.com');
  expect(candidate?.translation).toEqual({ from: 'openai', to: 'anthropic', base: '' });
  expect(candidate?.injection?.fields).toEqual([]);
});
