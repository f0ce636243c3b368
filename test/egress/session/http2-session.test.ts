import { connect as connectHttp2, performServerHandshake, type IncomingHttpHeaders } from 'node:http2';
import { expect, test } from 'vitest';
import { openGatewayBed, until } from '../gateway-bed.ts';
import { createConfig } from '../gateway-config.ts';

test('HTTP/2 on both sides carries bodies and trailers, and no platform header', async () => {
  const seen: IncomingHttpHeaders[] = [];
  const bed = await openGatewayBed({
    alpn: ['h2'],
    serve: (socket) => {
      performServerHandshake(socket).on('stream', (stream, headers) => {
        seen.push(headers);
        stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
        stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }));
        stream.pipe(stream);
      });
      // As the gateway does: tls.Server has done it for this socket already.
    },
  });
  try {
    bed.configure((ip, port) => createConfig(ip, port));
    const socket = await bed.dial('files.example.com', { alpn: ['h2'] });
    const client = connectHttp2('https://files.example.com', { createConnection: () => socket });
    const stream = client.request({
      ':method': 'POST',
      ':path': '/svc/Call',
      ':authority': 'files.example.com',
      te: 'trailers',
      'x-clrk-invocation-id': 'fake',
    });
    const big = Buffer.alloc(1_000_000, 'z');
    let received = 0;
    let trailers: IncomingHttpHeaders = {};
    stream.on('data', (chunk: Buffer) => (received += chunk.length));
    stream.on('trailers', (headers) => (trailers = headers));
    stream.end(big);
    await until(() => trailers['grpc-status'] === '0' && received === big.length, 'echo with trailers');
    expect(seen[0]?.['x-clrk-invocation-id']).toBeUndefined();
    expect(seen[0]?.[':authority']).toMatch(/^files\.example\.com/);
    client.close();
    await until(() => bed.records.length === 1, 'record');
    expect(bed.records[0]?.attributes).toMatchObject({
      'clrk.req.bytes': big.length,
      'clrk.resp.bytes': big.length,
    });
  } finally {
    await bed.close();
  }
});
