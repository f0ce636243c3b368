import { describe, expect, test } from 'vitest';
import { composeEvent, composeResponseEvent } from '../../../worker/dispatch/envelope.ts';

const compose = (headers: Record<string, string>, body = '') =>
  composeEvent({
    namespace: 'ns',
    agent: 'a',
    revision: 'a-00001',
    invocationId: 'the-id',
    method: 'POST',
    url: '/p?x=1?y',
    headers,
    body: Buffer.from(body),
    time: '2026-01-01T00:00:00.000Z',
  });

describe('the envelope', () => {
  test.each([
    [{}, 'the-id'],
    [{ 'x-request-id': 'r' }, 'r'],
    [{ 'x-request-id': 'r', 'x-clrk-execution-id': 'e' }, 'e'],
    [{ 'x-clrk-execution-id': 'e', 'ce-id': 'mine' }, 'mine'],
  ])('%j has id %s', (headers, id) => {
    expect(compose(headers).id).toBe(id);
  });

  test.each([
    ['application/json', '{"a":1}', { data: { a: 1 } }],
    ['application/json', '{broken', { data_base64: Buffer.from('{broken').toString('base64') }],
    ['text/plain; charset=utf-8', 'hi', { data: 'hi' }],
    ['image/png', 'hi', { data_base64: 'aGk=' }],
  ])('%s %s', (type, body, data) => {
    expect(compose({ 'content-type': type }, body)).toMatchObject({
      ...data,
      datacontenttype: type,
      httpurl: '/p',
      httpquery: 'x=1?y',
    });
  });

  test('supplied attributes win, but cannot forge the data or the version', () => {
    const event = compose({
      'ce-type': 'mine',
      'ce-data': 'x',
      'ce-specversion': '9',
      'ce-bad_name': 'x',
      'ce-extra': 'y',
    });
    expect(event).toMatchObject({ type: 'mine', specversion: '1.0', extra: 'y' });
    expect(Object.keys(event)).not.toContain('data');
    expect(Object.keys(event)).not.toContain('bad_name');
  });

  test.each([
    'source',
    'subject',
    'httpmethod',
    'httpurl',
    'httpquery',
    'clrkidentity',
    'clrkrevision',
    'clrkmore',
  ])('S13: the attribute %s is the platform’s, whatever came with the call', (name) => {
    expect(compose({ [`ce-${name}`]: 'forged' })).toEqual(compose({}));
  });

  test.each([
    ['{"ok":true}', { datacontenttype: 'application/json', data: { ok: true } }],
    ['words', { datacontenttype: 'text/plain', data: 'words' }],
  ])('an answer of %s is wrapped readably', (text, expected) => {
    expect(composeResponseEvent(compose({}), { body: Buffer.from(text) }, 't')).toMatchObject({
      id: 'the-id.response',
      relationid: 'the-id',
      ...expected,
    });
    expect(composeResponseEvent(compose({}), { body: Buffer.from([0xff]) }, 't')).toMatchObject({
      data_base64: '/w==',
    });
  });
});
