/**
 * `spec.otlp.endpoint`, `spec.otlp.sinks` and their headers to what the gateway sends copies of its records by. What cannot be sent as it was asked for (a
 * Secret is missing, a header is none) is not sent otherwise: it compiles to `broken`, and the gateway's status says why.
 */
import type { RecordExport, RecordSink } from '../../contract/index.ts';
import { judgeExportEndpoint, judgeExportHeaders } from '../../decision/index.ts';
import { kinds, type EgressGateway } from '../kind.ts';
import type { World } from '../runtime/index.ts';
import { secretText } from './secret-value.ts';

type Otlp = NonNullable<EgressGateway['spec']['otlp']>;
type SecretHeader = NonNullable<Otlp['headersFrom']>[number];
type Header = RecordExport['headers'][number];

/** A header without its value: the Secret or its key is missing. */
type FoundHeader = Omit<Header, 'value'> & { readonly value: string | undefined };

function headerFrom(
  world: World,
  namespace: string,
  { name, prefix = '', secretRef }: SecretHeader,
): FoundHeader {
  const { name: secret, key = 'token' } = secretRef;
  const text = secretText(world.get(kinds.secret, namespace, secret), key);
  const source = { namespace, name: secret, key };
  // Editors end files with a newline; it is never part of a key and never legal in a header.
  return { name, value: text === undefined ? undefined : prefix + text.replace(/\r?\n$/, ''), source };
}

/** A receiver that is asked for. */
type Receiver = Pick<Otlp, 'headers' | 'headersFrom'> & { readonly endpoint: string };

function receiverOfAll({ spec: { otlp = {} } }: EgressGateway): Receiver | undefined {
  const { endpoint } = otlp;
  return endpoint === undefined ? undefined : { ...otlp, endpoint };
}

function compileReceiver(world: World, { metadata }: EgressGateway, receiver: Receiver): RecordExport {
  const { endpoint, headers = {}, headersFrom = [] } = receiver;
  const found = [
    ...Object.entries(headers).map(([name, value]): FoundHeader => ({ name, value })),
    ...headersFrom.map((each) => headerFrom(world, metadata.namespace, each)),
  ];
  const written = found.map((each): Header => ({ ...each, value: each.value ?? '' }));
  const missing = found.some(({ value }) => value === undefined) ? 'SecretNotFound' : undefined;
  const broken = judgeExportEndpoint(endpoint) ?? missing ?? judgeExportHeaders(written);
  return { endpoint, headers: written, ...(broken === undefined ? {} : { broken }) };
}

/** undefined: no copy of every record is asked for. */
export function compileRecordExport(world: World, gateway: EgressGateway): RecordExport | undefined {
  const receiver = receiverOfAll(gateway);
  return receiver && compileReceiver(world, gateway, receiver);
}

export function compileRecordSinks(world: World, gateway: EgressGateway): RecordSink[] {
  const { sinks = [] } = gateway.spec.otlp ?? {};
  return sinks.map(({ name, ...receiver }) => ({ name, ...compileReceiver(world, gateway, receiver) }));
}

/** The first Secret, or key of one, that headers are to come from and that is not there. */
export function missingExportSecret(world: World, gateway: EgressGateway): string | undefined {
  const { namespace } = gateway.metadata;
  const receivers = [receiverOfAll(gateway) ?? [], gateway.spec.otlp?.sinks ?? []].flat();
  const missing = receivers
    .flatMap(({ headersFrom = [] }) => headersFrom)
    .find((each) => headerFrom(world, namespace, each).value === undefined);
  return missing && `${missing.secretRef.name} with key ${missing.secretRef.key ?? 'token'}`;
}

/** Secrets that its headers come from. */
export function exportSecretRefs({ spec }: EgressGateway): ReadonlyArray<SecretHeader['secretRef']> {
  const { headersFrom = [], sinks = [] } = spec.otlp ?? {};
  return [...headersFrom, ...sinks.flatMap((sink) => sink.headersFrom ?? [])].map(
    ({ secretRef }) => secretRef,
  );
}
