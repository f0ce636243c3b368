/** What is published, as it is kept: attributes of either mode, and what is turned away. And where it is published. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { isEventSubject, subjectMatches } from '../../contract/index.ts';
import { readEvent } from '../../ingress/cloud-event-input.ts';
import { eventIdOf, parseEventTarget } from '../../ingress/event-door.ts';

const structured = { 'content-type': 'application/cloudevents+json; charset=utf-8' };
const document = (more: object): Buffer => Buffer.from(JSON.stringify({ id: 'i', source: '/s', ...more }));
const read = (headers: Record<string, string>, data: Uint8Array | string): unknown => {
  const event = readEvent(headers, Buffer.from(data));
  return event && { headers: event.headers, data: Buffer.from(event.data).toString() };
};

describe('an event', () => {
  test.each<[string, Record<string, string>, Buffer | string, unknown]>([
    [
      'without attributes',
      { 'content-type': 'text/x', host: 'h' },
      'a',
      { headers: { 'content-type': 'text/x' }, data: 'a' },
    ],
    [
      'in headers',
      { 'ce-id': 'i', 'ce-bad_name': 'x', cookie: 'c' },
      'a',
      { headers: { 'ce-id': 'i' }, data: 'a' },
    ],
    [
      'in JSON',
      structured,
      document({ type: 't', extra: 1, flag: true, data: { a: 1 } }),
      {
        headers: {
          ...{ 'ce-id': 'i', 'ce-source': '/s', 'ce-type': 't', 'ce-extra': '1', 'ce-flag': 'true' },
          'content-type': 'application/json',
        },
        data: '{"a":1}',
      },
    ],
    [
      'with text',
      structured,
      document({ data: 'plain', datacontenttype: 'text/plain' }),
      { headers: { 'ce-id': 'i', 'ce-source': '/s', 'content-type': 'text/plain' }, data: 'plain' },
    ],
    [
      'with bytes',
      structured,
      document({ data_base64: 'aGk=', datacontenttype: 'x/y' }),
      { headers: { 'ce-id': 'i', 'ce-source': '/s', 'content-type': 'x/y' }, data: 'hi' },
    ],
    [
      'with a line break in an attribute',
      structured,
      document({ type: 'a\r\nx: y' }),
      {
        headers: {
          'ce-id': 'i',
          'ce-source': '/s',
          'ce-type': 'a%0D%0Ax%3A%20y',
          'content-type': 'application/json',
        },
        data: '',
      },
    ],
    ['that is a list', structured, '[]', undefined],
    [
      'whose data is nested deeper than can be written',
      structured,
      `{"id":"i","source":"s","data":${'['.repeat(30_000)}${']'.repeat(30_000)}}`,
      undefined,
    ],
    ['that is no JSON', structured, '{', undefined],
    ['without id', structured, '{"source":"s"}', undefined],
    ['with an attribute that is none', structured, document({ list: [] }), undefined],
    ['with a name that is none', structured, document({ 'A b': 'x' }), undefined],
    ['with attributes that are too long', structured, document({ type: 'x'.repeat(9_000) }), undefined],
    ['with headers that are too long', { 'ce-x': 'x'.repeat(9_000) }, '', undefined],
  ])('%s', (_name, headers, data, expected) => {
    expect(read(headers, data)).toEqual(expected);
  });

  test('of any bytes is kept or turned away, and its headers can be sent', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.string(), (value, text) => {
        const event = readEvent(structured, document({ type: text, data: value }));
        return Object.values(event?.headers ?? {}).every((each) => /^[\x20-\x7e]*$/.test(each));
      }),
    );
    fc.assert(fc.property(fc.uint8Array(), (bytes) => readEvent(structured, bytes) === undefined));
  });
});

test('two publishes of one CloudEvent are one on a subject, and two on two', () => {
  const event = { headers: { 'ce-id': 'i', 'ce-source': 's' }, data: new Uint8Array() };
  expect(eventIdOf('orders', event)).toBe(eventIdOf('orders', event));
  expect(eventIdOf('audit', event)).not.toBe(eventIdOf('orders', event));
  expect(eventIdOf('orders', { ...event, headers: { 'ce-id': 'i' } })).toBeUndefined();
});

describe('where it is published', () => {
  test.each<[string, string, { host?: string; header?: string }, unknown]>([
    ['a subject', '/events/shop/orders.new', {}, { namespace: 'shop', subject: 'orders.new' }],
    [
      'the ingress by name',
      '/events/shop/a',
      { host: 'clrk-ingress.clrk-system' },
      { namespace: 'shop', subject: 'a' },
    ],
    ['an agent’s own host', '/events/shop/a', { host: 'clrk-x.shop' }, undefined],
    ['an agent’s header', '/events/shop/a', { header: 'shop/x' }, undefined],
    ['a wildcard', '/events/shop/orders.*', {}, undefined],
    ['everything', '/events/shop/>', {}, undefined],
    ['an empty name', '/events/shop/a..b', {}, undefined],
    ['another namespace’s prefix', '/events/shop.cellar/a', {}, undefined],
    ['a query', '/events/shop/a?b', {}, undefined],
  ])('%s', (_name, url, { host, header }, expected) => {
    expect(parseEventTarget({ url, host, taskAgentHeader: header })).toEqual(expected);
  });
});

test.each([
  ['a.b', 'a.b', true],
  ['a.*', 'a.b', true],
  ['a.*', 'a.b.c', false],
  ['a.*', 'a', false],
  ['a.>', 'a.b.c', true],
  ['a.>', 'a', false],
  ['>', 'a', true],
  ['*', 'a', true],
  ['a', 'a.b', false],
])('%s hears %s: %s', (pattern, subject, expected) => {
  expect(subjectMatches(pattern, subject)).toBe(expected);
  expect(isEventSubject(subject)).toBe(true);
});
