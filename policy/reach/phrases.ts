/** Phrases of reach that sentences about calls and about tools share. Pure. */
import type { CountScope } from '../../contract/index.ts';
import type { CountedCalls, KeptRecord, RecordCopy } from './permit.ts';

/** In back quotes; what holds one, or what a terminal would act on, as a JSON text. */
export function quote(text: string): string {
  if (/^[\x20-\x5f\x61-\x7e]*$/.test(text)) return `\`${text}\``;
  const escaped = JSON.stringify(text).replace(
    /[^\x20-\x7e]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
  return escaped.replaceAll('`', '\\u0060');
}

export const quoted = (texts: readonly string[]): string => texts.map(quote).join(', ');

export function renderLogging(logging: KeptRecord | undefined): string {
  if (logging === undefined) return '';
  const left = [
    ...(logging.captureRequest ? [] : ['request bodies']),
    ...(logging.captureResponse ? [] : ['answer bodies']),
    ...logging.redactHeaders.map((name) => `header ${quote(name)}`),
  ];
  return left.length === 0 ? 'recorded whole' : `recorded without ${left.join(', ')}`;
}

/** Where to, and by which headers. */
export function renderCopy({ endpoint, headers }: RecordCopy): string {
  const fields = headers.map((header) => {
    const at = `header ${quote(header.name)}`;
    if ('fingerprint' in header) return ` with ${at} of digest ${quote(header.fingerprint)}`;
    const { namespace, name, key } = header.secret;
    return ` with credential ${quote(`${namespace}/${name}/${key}`)} in ${at}`;
  });
  return `${quote(endpoint)}${fields.join('')}`;
}

const counters: Readonly<Record<CountScope, string>> = {
  PerAgent: ' of an agent',
  PerExecution: ' of an execution',
  PerRoute: '',
  PerGateway: ' of the gateway',
};

const renderTime = (ms: number): string => (ms % 1_000 === 0 ? `${ms / 1_000} s` : `${ms} ms`);

/** Of whom, in which time. */
export function renderSpan({ scope, windowMs }: Pick<CountedCalls, 'scope' | 'windowMs'>): string {
  return `${counters[scope]}${windowMs === undefined ? '' : ` in ${renderTime(windowMs)}`}`;
}

export function renderCounted({ calls, account, ...span }: CountedCalls): string {
  return `at most ${calls} calls${renderSpan(span)} of count ${quote(account)}`;
}
