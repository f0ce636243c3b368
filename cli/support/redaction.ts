/**
 * What of objects may leave a company in a support bundle. Pure. It says what stays, not what goes: names, kinds, numbers, times and
 * words of enumerations; every other text is replaced by its length. What was replaced anywhere is taken out of messages,
 * too: an operator's message may quote a value.
 */
import { secretShape } from '../../policy/index.ts';
import { HiddenTexts } from './hidden-texts.ts';
import { isFields, type Fields } from '../render/object-fields.ts';

/** Members whose texts stay: they name or choose something. */
const kept: ReadonlySet<string> = new Set([
  ...['apiVersion', 'kind', 'group', 'name', 'namespace', 'uid', 'sectionName', 'controllerName'],
  ...['resourceVersion', 'creationTimestamp', 'deletionTimestamp', 'lastTransitionTime', 'startTime'],
  ...['lastScheduleTime', 'nextScheduleTime', 'lastSuccessfulTime', 'eventTime', 'finalizers'],
  ...['type', 'status', 'reason', 'phase', 'mode', 'scope', 'action', 'enforcement', 'defaultPolicy'],
  ...['onUnlisted', 'approval', 'protocol', 'warmPoolMode', 'concurrencyPolicy', 'delivery', 'provider'],
  ...['image', 'schedule', 'timeZone', 'timeout', 'window', 'region', 'schema', 'dnsLookupFamily'],
  ...['hostname', 'hostnames', 'host', 'hosts', 'cidr', 'cidrs', 'models', 'model', 'endpoints'],
  ...[
    'workerPoolRef',
    'gatewayRef',
    'serviceAccountName',
    'latestCreatedRevisionName',
    'latestReadyRevisionName',
    'policyDigest',
  ],
  ...['cpu', 'memory', 'observedGeneration', 'podName', 'lastHeartbeat', 'terminationMessagePolicy'],
]);
/** Members that are said in sentences. */
const sentences: ReadonlySet<string> = new Set(['message', 'note']);
/** Of labels, those the platform gives; others are people's own words. */
const ourLabels = ['clrk.apoxy.dev/', 'app.kubernetes.io/'];
const maxDepth = 32;

/** The server's bookkeeping of who wrote what is neither shown nor learnt from: its times and names stand elsewhere, too. */
const ownEntries = (value: Fields): ReadonlyArray<readonly [string, unknown]> =>
  Object.entries(value).filter(([member]) => member !== 'managedFields');

const hole = (text: string): string => `<redacted: ${text.length} characters>`;

function staysAt(path: readonly string[]): boolean {
  const member = path.at(-1) ?? '';
  if (path.includes('annotations')) return false;
  if (path.includes('labels')) return ourLabels.some((prefix) => member.startsWith(prefix));
  return kept.has(member) || sentences.has(member);
}

/** A name that looks like a key is none. */
function looksSecret(text: string): boolean {
  return text.split(/[\s"'`=,;()]+/).some((word) => secretShape(word) !== undefined);
}

export class Redaction {
  readonly #hidden = new HiddenTexts();

  /** First of everything, so that no message is judged before all values are known. */
  learn(value: unknown, path: readonly string[] = []): void {
    if (typeof value === 'string') {
      if (!staysAt(path) || looksSecret(value)) this.#hidden.add(value);
    } else if (Array.isArray(value)) {
      for (const each of value) this.learn(each, path);
    } else if (isFields(value) && path.length < maxDepth) {
      for (const [member, inner] of ownEntries(value)) this.learn(inner, [...path, member]);
    }
  }

  redact(value: unknown, path: readonly string[] = []): unknown {
    if (typeof value === 'string') return staysAt(path) ? this.text(value) : hole(value);
    if (Array.isArray(value)) return value.map((each) => this.redact(each, path));
    if (!isFields(value)) return value;
    if (path.length >= maxDepth) return '<redacted: too deep>';
    return Object.fromEntries(
      ownEntries(value).map(([member, inner]) => [this.text(member), this.redact(inner, [...path, member])]),
    );
  }

  /** A sentence or a name without what was hidden elsewhere, and without what looks like a key. */
  text(text: string): string {
    const known = this.#hidden.replace(text, hole);
    return known
      .split(/([\s"'`=,;()]+)/)
      .map((word) => (secretShape(word) === undefined ? word : hole(word)))
      .join('');
  }
}
