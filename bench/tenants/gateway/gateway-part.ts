/** A gateway's core on a real socket, with a real upstream behind it, for two agents of one pool. */
import { createServer, type AddressInfo } from 'node:net';
import { once } from 'node:events';
import { OtlpOutbox } from '../../../egress/record/otlp-outbox.ts';
import type { Claim } from '../../../egress/session/door.ts';
import { createRecorder } from '../../../egress/record/recorder.ts';
import { openGatewayBed, type GatewayBed } from '../../../test/egress/gateway-bed.ts';
import { createConfig, frameKey, gatewayCa } from '../../../test/egress/gateway-config.ts';
import { json, serveHttp1, type SeenRequest } from '../../../test/egress/http1-upstream.ts';
import type { Part } from '../shared-thing.ts';
import { silentPath } from './agent-client.ts';

/** What waits for telemetry; smaller than the gateway's own bound, so that it is filled in a moment. */
const waitingBytes = 12 * 1024 * 1024;

export interface GatewayPartOptions {
  /** Records go into a real outbox, and from there nowhere. */
  readonly telemetryIsAway?: boolean;
  /** The hostile agent has used up its part of the nonces that are remembered. */
  readonly isNonceShareFull?: boolean;
}

function fillNonces({ core }: GatewayBed): void {
  const frame: Omit<Claim, 'nonce'> = {
    ...{ agentKind: 'TaskAgent', namespace: 'default', name: 'other', pool: 'default/pool' },
    issuedAt: Date.now(),
  };
  let isRefused = false;
  for (let nonce = 0; !isRefused; nonce += 1) {
    core.door.enter({ ...frame, nonce: String(nonce) }, (entry, leave) => {
      isRefused = entry.kind === 'refused';
      leave();
    });
  }
}

export async function openGatewayPart({
  telemetryIsAway = false,
  isNonceShareFull = false,
}: GatewayPartOptions = {}): Promise<Part> {
  const seen: SeenRequest[] = [];
  const serve = serveHttp1(seen, ({ head }) => {
    seen.length = 0;
    return head.target.startsWith(silentPath) ? undefined : json(200, { ok: true });
  });
  const deaf = createServer((socket) => socket.on('error', () => undefined).resume());
  deaf.listen(0, '127.0.0.1');
  await once(deaf, 'listening');
  const outbox = new OtlpOutbox({
    endpoint: `http://127.0.0.1:${(deaf.address() as AddressInfo).port}`,
    token: 'bench',
    resource: {},
    common: {},
    onDropped: () => undefined,
    maxWaitingBytes: waitingBytes,
  });
  const bed = await openGatewayBed({
    serve,
    recorder: telemetryIsAway
      ? createRecorder(outbox)
      : { record: () => undefined, malformed: () => undefined },
  });
  let upstreamPort = 0;
  bed.configure((ip, port) => {
    upstreamPort = port;
    return createConfig(ip, port);
  });
  if (isNonceShareFull) fillNonces(bed);
  return {
    place: {
      port: bed.port,
      upstreamPort,
      frameKey: frameKey.toString('base64'),
      caPem: gatewayCa.certificatePem,
      gateway: bed.core.snapshot?.gateway ?? '',
    },
    [Symbol.asyncDispose]: async () => {
      deaf.close();
      await bed.close();
    },
  };
}
