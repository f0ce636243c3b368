import { createServer, type AddressInfo } from 'node:net';
import { expect, it } from 'vitest';
import { renderError } from '../../../contract/index.ts';
import { claimFixedPort, claimHiddenPort } from '../../../local/control-plane/port.ts';

it('names a taken port, why it is needed and what to do, and replaces a taken hidden one', async () => {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const refused: unknown = await claimFixedPort('image registry', port).catch((error: unknown) => error);
  expect(refused).toMatchObject({ code: 'PORT_IN_USE' });
  const text = renderError(refused);
  expect(text).toContain(String(port));
  expect(text).toContain('image registry');
  expect(text).toContain('ss -ltnp');
  expect(text.split('\n').length).toBeLessThanOrEqual(3);
  expect(await claimHiddenPort(port)).not.toBe(port);
  await new Promise((resolve) => server.close(resolve));
  expect(await claimFixedPort('image registry', port)).toBe(port);
  expect(await claimHiddenPort(port)).toBe(port);
});
