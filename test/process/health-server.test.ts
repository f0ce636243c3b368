import { createServer, type AddressInfo } from 'node:net';
import { once } from 'node:events';
import { describe, expect, test } from 'vitest';
import { openHealthServer, requireVariable } from '../../process/index.ts';

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address() as AddressInfo;
  await new Promise((resolve) => probe.close(resolve));
  return port;
}

describe('openHealthServer', () => {
  test('is healthy while it runs, ready when it is, and says why not', async () => {
    const port = await freePort();
    let reason: string | undefined = 'no config yet';
    const server = await openHealthServer({
      host: '127.0.0.1',
      port,
      ready: () => reason,
      metrics: () => Promise.resolve('clrk_up 1\n'),
    });
    const get = async (path: string) => {
      const response = await fetch(`http://127.0.0.1:${port}${path}`);
      return { status: response.status, body: await response.text() };
    };
    expect((await get('/healthz')).status).toBe(200);
    expect(await get('/readyz')).toMatchObject({
      status: 503,
      body: expect.stringContaining('no config yet') as string,
    });
    reason = undefined;
    expect((await get('/readyz')).status).toBe(200);
    expect((await get('/metrics')).body).toContain('clrk_up 1');
    expect((await get('/anything')).status).toBe(404);
    await server[Symbol.asyncDispose]();
    await server[Symbol.asyncDispose]();
    await expect(fetch(`http://127.0.0.1:${port}/healthz`)).rejects.toThrow();
  });
});

describe('requireVariable', () => {
  test.each([{}, { POD_IP: '' }])('%j has no POD_IP', (environment) => {
    expect(() => requireVariable(environment, 'POD_IP')).toThrow(
      expect.objectContaining({ code: 'ENVIRONMENT_MISSING' }),
    );
  });

  test('what is there is given', () => {
    expect(requireVariable({ POD_IP: '192.0.2.1' }, 'POD_IP')).toBe('192.0.2.1');
  });
});
