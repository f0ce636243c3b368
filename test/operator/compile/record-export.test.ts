/** From `spec.otlp` to what a gateway sends copies of its records by, and to what its status says of them. */
import { describe, expect, it } from 'vitest';
import type { ExportState, GatewayStatus, RecordExport } from '../../../contract/index.ts';
import {
  compileRecordExport,
  encodeSecretData,
  missingExportSecret,
} from '../../../operator/compile/index.ts';
import { exportFinding } from '../../../operator/egressgateway/export-finding.ts';
import { diffStatus } from '../../../operator/data-plane-status.ts';
import type { EgressGateway } from '../../../operator/kind.ts';
import type { KubeObject } from '../../../operator/runtime/index.ts';
import { TestWorld } from '../compiled-world.ts';
import { manifest } from '../manifest.ts';

const endpoint = 'https://otel.example.com/v1';
const headersFrom = [{ name: 'authorization', prefix: 'Bearer ', secretRef: { name: 'otel' } }];
const secret = (data: Record<string, string>, namespace = 'default'): KubeObject =>
  ({
    kind: 'Secret',
    metadata: { namespace, name: 'otel', uid: 's' },
    data: encodeSecretData(data),
  }) as KubeObject;

function read(otlp: object, ...secrets: readonly KubeObject[]) {
  const gateway = manifest('EgressGateway', 'g', { listeners: [], otlp }) as unknown as EgressGateway;
  const { world } = new TestWorld(secrets, ['default', 'other']);
  return { wanted: compileRecordExport(world, gateway), missing: missingExportSecret(world, gateway) };
}

describe('what is compiled', () => {
  it('is nothing where no endpoint is named', () => {
    expect(read({ headers: { a: 'b' }, headersFrom })).toEqual({ wanted: undefined, missing: undefined });
  });

  it('has headers as written, and those of Secrets without the line ends of editors', () => {
    const { wanted } = read(
      { endpoint, headers: { 'x-team': 'a' }, headersFrom },
      secret({ token: 'key\n' }),
    );
    const source = { namespace: 'default', name: 'otel', key: 'token' };
    expect(wanted).toEqual({
      endpoint,
      headers: [
        { name: 'x-team', value: 'a' },
        { name: 'authorization', value: 'Bearer key', source },
      ],
    });
  });

  it.each([
    ['a Secret that is not there', { endpoint, headersFrom }, [], 'SecretNotFound'],
    ['a key that is not there', { endpoint, headersFrom }, [secret({ other: 'x' })], 'SecretNotFound'],
    [
      'a Secret of another namespace',
      { endpoint, headersFrom },
      [secret({ token: 'x' }, 'other')],
      'SecretNotFound',
    ],
    [
      'a value that would end the field',
      { endpoint, headersFrom },
      [secret({ token: 'a\r\nx: y' })],
      'HeaderInvalid',
    ],
    [
      'a name twice',
      { endpoint, headers: { Authorization: 'a' }, headersFrom },
      [secret({ token: 'x' })],
      'HeaderInvalid',
    ],
    ['a header that frames', { endpoint, headers: { 'Transfer-Encoding': 'chunked' } }, [], 'HeaderInvalid'],
    ['a user', { endpoint: 'https://a:b@otel.example.com' }, [], 'EndpointInvalid'],
    ['loopback', { endpoint: 'http://[::ffff:127.0.0.1]:4318' }, [], 'EndpointClosed'],
  ])('sends nothing for %s', (_, otlp, secrets, broken) => {
    const { wanted, missing } = read(otlp, ...secrets);
    expect(wanted?.broken).toBe(broken);
    expect(missing).toBe(broken === 'SecretNotFound' ? 'otel with key token' : undefined);
    expect(exportFinding(wanted, [])).toMatchObject({ status: 'False', reason: broken });
  });
});

describe('what its status says', () => {
  const wanted: RecordExport = { endpoint: 'https://otel.example.com/secret-path', headers: [] };
  const word = (recordExport: ExportState | undefined): GatewayStatus => ({
    ...{ version: 1, role: 'egress', namespace: 'default', gateway: 'g', pod: 'p', address: '' },
    ...{ configDigest: '', draining: false, connections: 0, at: 0 },
    ...(recordExport === undefined ? {} : { recordExport }),
  });
  const state = (change: Partial<ExportState> = {}): ExportState => ({
    arrived: true,
    losing: false,
    ...change,
  });

  it.each<[string, Array<ExportState | undefined>, string, string, string]>([
    ['nobody has spoken', [], 'Unknown', 'NothingSentYet', ''],
    ['a replica of an older version', [undefined], 'Unknown', 'NothingSentYet', ''],
    ['nothing to send', [state({ arrived: false })], 'Unknown', 'NothingSentYet', ''],
    ['all is well', [state()], 'True', 'Exporting', 'otel.example.com:443'],
    ['some were lost', [state(), state({ losing: true })], 'False', 'RecordsLost', ''],
    [
      'one of two fails',
      [state(), state({ fault: { code: 'Answered', status: 401 } })],
      'False',
      'ExportFailing',
      'answered 401 (1 of 2 replicas)',
    ],
    ['a certificate', [state({ fault: { code: 'TlsRefused' } })], 'False', 'ExportFailing', 'not trusted'],
  ])('%s', (_, states, status, reason, text) => {
    const finding = exportFinding(wanted, states.map(word));
    expect(finding).toMatchObject({ type: 'RecordsExported', status, reason });
    expect(finding?.message).toContain(text);
    expect(finding?.message).not.toContain('secret-path');
  });

  it('is nothing where no copy is asked for', () => {
    expect(exportFinding(undefined, [word(state())])).toBeUndefined();
  });

  it('a gateway is looked at again when it says otherwise, and not at each beat', () => {
    const before = { workers: [], gateways: [word(state())], ingresses: [] };
    const failing = { ...before, gateways: [word(state({ fault: { code: 'TimedOut' } }))] };
    expect([...diffStatus(before, failing).gateways]).toEqual(['default/g']);
    const beat = { ...before, gateways: [{ ...word(state()), at: 5, connections: 3 }] };
    expect([...diffStatus(before, beat).gateways]).toEqual([]);
  });
});
