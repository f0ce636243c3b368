import { describe, expect, test } from 'vitest';
import { parseHostname, parseHostnamePattern, type Hostname } from '../../contract/hostname.ts';
import { providerHosts, providerOfHost, providers } from '../../contract/provider-host.ts';

describe('providerOfHost', () => {
  test.each([
    ['api.openai.com', 'openai'],
    ['api.anthropic.com', 'anthropic'],
    ['generativelanguage.googleapis.com', 'google'],
    ['mine.openai.azure.com', 'azure-openai'],
    ['bedrock-runtime.us-east-1.amazonaws.com', 'bedrock'],
    ['openai.azure.com', undefined],
    ['api.openai.com.evil.com', undefined],
    ['evil-api.openai.com', undefined],
    ['example.com', undefined],
  ])('S39: %s is %s', (host, expected) => {
    expect(providerOfHost(parseHostname(host) as Hostname)).toBe(expected);
  });

  test('every host in the table is a pattern, and none belongs to two providers', () => {
    const all = providers.flatMap((provider) => providerHosts[provider]);
    expect(all.filter((host) => parseHostnamePattern(host) === undefined)).toEqual([]);
    expect(new Set(all).size).toBe(all.length);
  });
});
