import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { cloudEventData } from '../../contract/cloud-event.ts';

const bytes = (text: string): Buffer => Buffer.from(text, 'utf8');

describe('cloudEventData', () => {
  test.each([
    ['no body, no type', undefined, '', {}],
    ['no body', 'text/plain', '', { datacontenttype: 'text/plain' }],
    ['JSON inline', 'application/json', '{"a":1}', { datacontenttype: 'application/json', data: { a: 1 } }],
    [
      'JSON with parameters',
      'Application/JSON; charset=utf-8',
      '[1]',
      { datacontenttype: 'Application/JSON; charset=utf-8', data: [1] },
    ],
    [
      'a +json type',
      'application/vnd.x+json',
      'null',
      { datacontenttype: 'application/vnd.x+json', data: null },
    ],
    ['text as a string', 'text/plain', 'grüß', { datacontenttype: 'text/plain', data: 'grüß' }],
    [
      'JSON that is none',
      'application/json',
      '{',
      { datacontenttype: 'application/json', data_base64: 'ew==' },
    ],
    ['no type', undefined, 'x', { data_base64: 'eA==' }],
  ])('%s', (_, type, body, expected) => {
    expect(cloudEventData(type, bytes(body))).toEqual(expected);
  });

  test('text that is not UTF-8 travels as it is', () => {
    expect(cloudEventData('text/plain', Buffer.from([0xff, 0xfe]))).toEqual({
      datacontenttype: 'text/plain',
      data_base64: '//4=',
    });
  });

  test('S46: a byte order mark is neither eaten nor hidden', () => {
    expect(cloudEventData('text/plain', bytes('\ufeffx'))).toMatchObject({ data: '\ufeffx' });
    expect(cloudEventData('application/json', bytes('\ufeff{}'))).toHaveProperty('data_base64');
  });

  test('no byte of any body is lost, whatever its type', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ minLength: 1 }),
        fc.constantFrom(undefined, 'text/x', 'image/png'),
        (body, type) => {
          const { data, data_base64: base64 } = cloudEventData(type, body);
          const back =
            base64 === undefined ? Buffer.from(data as string, 'utf8') : Buffer.from(base64, 'base64');
          expect(back.equals(Buffer.from(body))).toBe(true);
        },
      ),
    );
  });
});
