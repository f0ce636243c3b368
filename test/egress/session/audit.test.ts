/** A gateway that audits, as an agent meets it and as records tell it. */
import { expect, test } from 'vitest';
import { converse, until } from '../gateway-bed.ts';
import { createConfig } from '../gateway-config.ts';
import { header } from '../http1-upstream.ts';
import { chat, useConversation, whole } from './conversation.ts';

const talk = useConversation();

function audit(on = true): void {
  talk.bed.configure((ip, port) => {
    const { destinations } = createConfig(ip, port);
    const rules = destinations.rules.slice(0, 1);
    const audited = { ...destinations, rules, defaultPolicy: 'allow-all' as const, audit: true as const };
    return createConfig(ip, port, { destinations: on ? audited : { ...destinations, rules } });
  });
}

const get = 'GET /a?token=hunter2 HTTP/1.1\r\nHost: files.example.com\r\nAuthorization: Bearer mine\r\n\r\n';

test('S39: what no route opens passes with the agent’s own key and none of ours, and is recorded', async () => {
  audit();
  const agent = await talk.bed.dial('files.example.com');
  expect(await converse(agent, get, whole)).toMatch(/^HTTP\/1.1 200 /);
  await until(() => talk.bed.records.length > 0, 'a record');
  const { attributes, log, refused } = talk.bed.records[0]!;
  expect(attributes).toMatchObject({ 'clrk.decision': 'would_deny', 'clrk.audit.reason': 'policy' });
  expect(attributes['clrk.audit.opens']).toMatch(
    /^EgressHTTPRoute: hostnames \[files.example.com\], ports \[\d+\], methods \[GET\], path Exact \/a$/,
  );
  expect(attributes['clrk.decision.route']).toBeUndefined();
  expect([log.severity, refused]).toEqual(['WARN', false]);
  expect(talk.seen.map((each) => header(each, 'authorization'))).toEqual(['Bearer mine']);
});

test('a model that no rule names passes without our key', async () => {
  audit();
  const agent = await talk.bed.dial('api.openai.com');
  expect(await converse(agent, chat('o3'), whole)).toMatch(/^HTTP\/1.1 200 /);
  expect(talk.seen.map((each) => header(each, 'authorization'))).toEqual(['Bearer placeholder']);
  await until(() => talk.bed.records.length > 0, 'a record');
  expect(talk.bed.records[0]?.attributes).toMatchObject({
    'clrk.decision': 'would_deny',
    'clrk.audit.reason': 'model',
  });
});

test('S36: a call under way ends when the gateway enforces', async () => {
  audit();
  talk.answer = (_request, socket) => {
    socket.write('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nbegun');
    return undefined;
  };
  const agent = await talk.bed.dial('files.example.com');
  const got = converse(agent, get, () => false);
  await until(() => talk.seen.length > 0, 'the call is there');
  audit(false);
  await got;
  await until(() => talk.bed.records.length > 0, 'a record');
  expect(talk.bed.records[0]?.attributes).toMatchObject({ 'clrk.decision': 'deny' });
});
