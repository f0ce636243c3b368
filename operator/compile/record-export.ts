/**
 * `spec.otlp.endpoint` and its headers to what the gateway sends copies of its records by. What cannot be sent as it was asked for (a
 * Secret is missing, a header is none) is not sent otherwise: it compiles to `broken`, and the gateway's status says why.
 */
import type { RecordExport } from '../../contract/index.ts';
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

/** undefined: no copy is asked for. */
export function compileRecordExport(world: World, gateway: EgressGateway): RecordExport | undefined {
  const { endpoint, headers = {}, headersFrom = [] } = gateway.spec.otlp ?? {};
  if (endpoint === undefined) return undefined;
  const found = [
    ...Object.entries(headers).map(([name, value]): FoundHeader => ({ name, value })),
    ...headersFrom.map((each) => headerFrom(world, gateway.metadata.namespace, each)),
  ];
  const written = found.map((each): Header => ({ ...each, value: each.value ?? '' }));
  const missing = found.some(({ value }) => value === undefined) ? 'SecretNotFound' : undefined;
  const broken = judgeExportEndpoint(endpoint) ?? missing ?? judgeExportHeaders(written);
  return { endpoint, headers: written, ...(broken === undefined ? {} : { broken }) };
}

/** The first Secret, or key of one, that headers are to come from and that is not there. */
export function missingExportSecret(world: World, { spec, metadata }: EgressGateway): string | undefined {
  const { endpoint, headersFrom = [] } = spec.otlp ?? {};
  if (endpoint === undefined) return undefined;
  const missing = headersFrom.find((each) => headerFrom(world, metadata.namespace, each).value === undefined);
  return missing && `${missing.secretRef.name} with key ${missing.secretRef.key ?? 'token'}`;
}
