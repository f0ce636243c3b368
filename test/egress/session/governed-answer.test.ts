/** S47: what an agent is told of a server's tools, prompts and resources is what it may use, in JSON and in streams alike. */
import { describe, expect, test } from 'vitest';
import { createField } from '../../../egress/http1/index.ts';
import {
  asked,
  attributeOf,
  configOf,
  named,
  request,
  result,
  says,
  underResources,
  underTools,
} from '../mcp/mcp-script.ts';
import { script } from './exchange-script.ts';

const events = 'text/event-stream';
const tools = (...names: string[]): string => result({ tools: named(...names) });
const search = underTools({ allowedTools: ['search_*'] });

describe('a list', () => {
  test('S47: is cut in JSON, and its length is that of what is left', async () => {
    const talk = await asked(request('tools/list'));
    const whole = tools('search_web', 'delete_all', 'search_mail');
    const digest = [createField('Content-Digest', 'sha-256=:x:'), createField('X-Kept', 'yes')];
    says(talk, [whole.slice(0, 40), whole.slice(40)], { length: whole.length, fields: digest });
    const left = tools('search_web', 'search_mail');
    expect(talk.told()).toBe(`200 ${left} | end`);
    expect(talk.heads[0]?.bodyLength).toBe(left.length);
    expect(talk.heads[0]?.fields.map(({ name }) => name)).toEqual(['content-type', 'x-kept']);
    expect(attributeOf(talk, 'clrk.mcproute.hidden')).toBe(1);
    expect(attributeOf(talk, 'mcp.method')).toBe('tools/list');
  });

  test('S47: is cut in a stream of events, however it is split', async () => {
    const stream = `event: message\r\nid: 4\r\ndata: ${tools('search_web', 'delete_all')}\r\n\r\n: ping\r\n\r\n`;
    const outs = await Promise.all(
      [1, 2, 7, 4_096].map(async (size) => {
        const talk = await asked(request('tools/list'));
        const chunks = stream.match(new RegExp(`[^]{1,${size}}`, 'g')) ?? [];
        says(talk, chunks, { type: events });
        return talk.told();
      }),
    );
    for (const out of outs) {
      const plain = out.replaceAll('\r\n', '\n').replace(/\n\n+/g, '\n\n');
      expect(plain).toBe(`200 event: message\nid: 4\ndata: ${tools('search_web')}\n\n: ping\n\n | end`);
    }
  });

  test('is asked for without a coding or a range, so that it can be read', async () => {
    const coding = [createField('Accept-Encoding', 'gzip, br'), createField('Range', 'bytes=0-10')];
    const talk = await asked(request('tools/list'), search, { fields: coding });
    const sent = talk.tries[0]?.request.fields.filter(({ name }) => /encoding|range/.test(name));
    expect(sent).toEqual([createField('Accept-Encoding', 'identity')]);
  });

  test('S47: each answer to a batch is cut', async () => {
    const talk = await asked([request('tools/list'), request('ping', {}, 8)]);
    says(talk, [`[${tools('search_web', 'rm')},${result({}, 8)}]`]);
    expect(talk.told()).toBe(`200 [${tools('search_web')},${result({}, 8)}] | end`);
  });

  test.each<[string, object, object, object]>([
    [
      'resources by their URI',
      request('resources/list'),
      {
        resources: [
          { uri: 'file:///docs/a', name: 'a' },
          { uri: 'file:///etc/b', name: 'b' },
        ],
      },
      { resources: [{ uri: 'file:///docs/a', name: 'a' }] },
    ],
    [
      'templates by their text',
      request('resources/templates/list'),
      { resourceTemplates: [{ uriTemplate: 'file:///docs/{x}' }, { uriTemplate: 'file:///{x}' }] },
      { resourceTemplates: [{ uriTemplate: 'file:///docs/{x}' }] },
    ],
    [
      'prompts, which no rule takes',
      request('prompts/list'),
      { prompts: [{ name: 'greet' }], nextCursor: 'x' },
      { prompts: [], nextCursor: 'x' },
    ],
    ['what has no name', request('tools/list'), { tools: [{ title: 'x' }, 5, { name: 7 }] }, { tools: [] }],
  ])('S47: %s', async (_name, message, whole, left) => {
    const talk = await asked(message, underResources(['file:///docs/*']));
    says(talk, [result(whole)]);
    expect(talk.told()).toBe(`200 ${result(left)} | end`);
  });

  test('as one agent sees it is not for another: a public cache scope becomes a private one', async () => {
    const talk = await asked(request('tools/list'));
    says(talk, [result({ tools: named('search_web'), ttlMs: 5, cacheScope: 'public' })]);
    expect(talk.told()).toContain('"ttlMs":5,"cacheScope":"private"}');
  });

  test('S47: is cut in a stream that nobody asked for: a GET, or one that goes on', async () => {
    const talk = script({ config: configOf(search), host: 'files.example.com', method: 'GET', length: 0 });
    talk.exchange.start();
    await talk.settle();
    says(talk, [`data: ${tools('search_web', 'rm')}\n\n`], { type: events });
    expect(talk.told()).toBe(`200 data: ${tools('search_web')}\n\n | end`);
  });
});

describe('S47: JSON in answer to what was only told', () => {
  const told = { jsonrpc: '2.0', method: 'notifications/initialized' };

  test.each([
    ['a list is cut as in any answer', tools('search_web', 'rm'), `200 ${tools('search_web')} | end`],
    ['an answer without content', '{}', '200 {} | end'],
    [
      'what cannot be read is not told on, and the server took the message',
      '{"result":{},"result":{}}',
      /^202 +\| end$/,
    ],
    ['nothing at all', '', /^20[02] +\| end$/],
  ])('%s', async (_title, text, expected) => {
    const talk = await asked(told);
    says(talk, text === '' ? [] : [text]);
    if (typeof expected === 'string') expect(talk.told()).toBe(expected);
    else expect(talk.told()).toMatch(expected);
  });

  test('an answer to a request of the server is told too', async () => {
    const talk = await asked({ jsonrpc: '2.0', id: 4, result: { roots: [] } });
    says(talk, [tools('search_web', 'rm')]);
    expect(talk.told()).toBe(`200 ${tools('search_web')} | end`);
  });

  test('a refusal goes on in its own words', async () => {
    const talk = await asked(told);
    says(talk, ['{"why":"no"}'], { status: 400 });
    expect(talk.told()).toBe('400 {"why":"no"} | end');
  });
});

describe('what cannot be read', () => {
  const twice = '{"jsonrpc":"2.0","id":7,"result":{"tools":[]},"result":{"tools":[{"name":"rm"}]}}';
  const error = expect.objectContaining({ jsonrpc: '2.0', id: 7, error: expect.anything() }) as unknown;

  test.each<[string, string[], object]>([
    ['S46: a member twice', [twice], {}],
    ['S46: another spelling', [`{"id":7,"Result":{"tools":[]}}`], {}],
    ['what is cut short', [`{"id":7,"result":{"tools":[{"name":"rm"}`], {}],
    ['a list that is none', [result({ tools: 'rm' })], {}],
    ['a coding nobody asked for', [tools('ls')], { fields: [createField('Content-Encoding', 'gzip')] }],
    ['a page', ['<html>'], { type: 'text/html' }],
    ['what says no form', [tools('rm')], { type: '' }],
    ['S46: events in UTF-7', [`: +AAo-data: ${tools('rm')}\n\n`], { type: `${events}; charset=utf-7` }],
    ['S46: events in a charset of two bytes', [': x\n\n'], { type: `${events}; charset="gbk"` }],
    ['S46: two types', ['<html>'], { type: 'text/html', fields: [createField('Content-Type', events)] }],
    [
      'S46: a type beside another',
      [': x\n\n'],
      { type: events, fields: [createField('Content-Type', 'x/y')] },
    ],
    [
      'S46: a refusal of an odd type',
      [tools('rm')],
      { status: 400, type: 'application/json; charset=utf-16' },
    ],
    [
      'S46: a type in the parameters of another',
      [`data: ${tools('rm')}\n\n`],
      { status: 201, type: `x/y; ${events}` },
    ],
    [
      'S46: a second coding',
      [': x\n\n'],
      { type: events, fields: ['identity', 'gzip'].map((each) => createField('Content-Encoding', each)) },
    ],
  ])('%s: an error on the same id with 200, and none of it', async (_name, chunks, said) => {
    const talk = await asked(request('tools/list'));
    says(talk, chunks, said);
    expect(talk.told()).toMatch(/^200 \{.*\} \| end$/);
    expect(JSON.parse(talk.told().slice(4, -6))).toEqual(error);
    expect(talk.told()).not.toContain('"rm"');
    expect(attributeOf(talk, 'error.type')).toMatch(/^UPSTREAM_(UNREADABLE|ENCODING)$/);
  });

  test('S46: in a stream, what was read before goes on, and the request gets an error', async () => {
    const talk = await asked(request('tools/list'));
    says(talk, [': hi\n\n', `data: ${twice}\n\n`, `data: ${tools('rm')}\n\n`], { type: events });
    const told = /^200 : hi\n\ndata: (\{.*\})\n\n \| end$/s.exec(talk.told())?.[1] ?? '';
    expect(JSON.parse(told)).toEqual(error);
  });

  test.each([
    ['that is cut short', `data: {"id":7,"result":{"tools":[{"name":"rm"}\n\n`],
    ['that is no message and has no name', 'data: rm "rm"\n\n'],
  ])('S46: an event %s', async (_name, event) => {
    const talk = await asked(request('tools/list'));
    says(talk, [event], { type: events });
    expect(talk.told()).not.toContain('"rm"');
    expect(talk.told()).toContain('"error":');
  });

  test('S46: a stream nobody waits for is cut', async () => {
    const talk = script({ config: configOf(search), host: 'files.example.com', method: 'GET', length: 0 });
    talk.exchange.start();
    await talk.settle();
    says(talk, [`data: ${twice}\n\n`, `data: ${tools('rm')}\n\n`], { type: events });
    expect(talk.told()).toBe('200  | cut');
  });

  test('S47: a stream that was asked for by GET is one, whatever else a server calls it', async () => {
    const open = async (accept: string, type: string): Promise<string> => {
      const fields = [createField('Accept', accept)];
      const options = {
        config: configOf(search),
        host: 'files.example.com',
        method: 'GET',
        length: 0,
        fields,
      };
      const talk = script(options);
      talk.exchange.start();
      await talk.settle();
      says(talk, [`data: ${tools('rm')}\n\n`], { type, status: 201 });
      return talk.told();
    };
    for (const type of ['application/json', 'text/plain', '', `${events}; charset=cp037`]) {
      expect(await open('application/json, Text/Event-Stream', type)).toMatch(
        /^502 .*UPSTREAM_UNREADABLE|^502 .*"error"/,
      );
      expect(await open(events, type)).not.toContain('"rm"');
    }
    expect(await open('application/json', 'application/json')).toContain('"rm"');
  });

  test('is held within the share of its agent', async () => {
    const talk = await asked(request('tools/list'), search, { holds: 4_096 });
    says(talk, [tools('search_web'.padEnd(5_000, 'x'))]);
    expect(JSON.parse(talk.told().slice(4, -6))).toEqual(error);
  });
});

describe('what goes on as it came', () => {
  test.each<[string, string, object, string]>([
    ['an answer of a tool', result({ content: [{ type: 'text', text: '{"tools":[]}' }] }), {}, ''],
    ['a refusal in words', 'no such session', { status: 404, type: 'text/plain' }, ''],
    ['an acknowledgement', 'Accepted', { status: 202, type: 'text/plain' }, ''],
    ["the first transport's endpoint", 'event: endpoint\ndata: /messages?id=1\n\n', { type: events }, ''],
    ['an event without data', 'id: 1\ndata: \n\n', { type: events }, ''],
  ])('%s', async (_name, body, said) => {
    const talk = await asked(request('tools/call', { name: 'search_web' }));
    says(talk, [body], said);
    expect(talk.told()).toBe(`${(said as { status?: number }).status ?? 200} ${body} | end`);
    expect(attributeOf(talk, 'clrk.mcproute.hidden')).toBeUndefined();
  });

  test('everything where a route has no rules: nothing is read, and codings are asked for', async () => {
    const open = { ...search, rules: [] };
    const coding = [createField('Accept-Encoding', 'gzip')];
    const talk = await asked(request('tools/list'), open, { fields: coding });
    expect(talk.tries[0]?.request.fields).toContainEqual(createField('Accept-Encoding', 'gzip'));
    says(talk, ['<anything>'], { type: 'text/html' });
    expect(talk.told()).toBe('200 <anything> | end');
  });
});

test('S36: a stream goes on under a new policy only if the agent would see as much', async () => {
  const open = async (change: typeof search): Promise<string> => {
    const talk = await asked(request('tools/list'));
    talk.tries[0]?.reader.head({
      ...{ status: 200, reason: 'OK', bodyLength: undefined },
      fields: [createField('Content-Type', events)],
    });
    talk.swap(() => configOf(change));
    return talk.told();
  };
  expect(await open(search)).toBe('200 ');
  expect(await open(underTools({ allowedTools: ['search_web'] }))).toBe('200  | cut');
});

test("a server's error is on the record", async () => {
  const talk = await asked(request('tools/list'));
  says(talk, ['{"jsonrpc":"2.0","id":7,"error":{"code":-32602,"message":"no"}}']);
  expect(attributeOf(talk, 'mcp.error.code')).toBe(-32_602);
});
