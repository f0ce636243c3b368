/**
 * Text that looks like a credential: by the prefix its issuer gives it, by its randomness, or by the name beside it. It
 * says which kind, never what: findings are printed in public logs.
 */
export const secretShapes: ReadonlyArray<readonly [string, RegExp]> = [
  ['a private key', /-----BEGIN (?:[A-Z]+ )*PRIVATE KEY-----/],
  ['an Anthropic key', /\bsk-ant-[\w-]{20,}/],
  ['an OpenAI key', /\bsk-(?:proj-|svcacct-|admin-)?[\w-]{20,}/],
  ['a Google API key', /\bAIza[\w-]{35}\b/],
  ['a Google OAuth secret', /\b(?:GOCSPX-[\w-]{20,}|ya29\.[\w-]{20,})/],
  ['an AWS access key', /\b(?:AKIA|ASIA|ABSK)[A-Z0-9]{16}\b/],
  ['a GitHub token', /\b(?:gh[opsur]_\w{36,}|github_pat_\w{22,})/],
  ['a GitLab token', /\bgl(?:pat|rt|dt|ptt|cbt|soat)-[\w-]{20,}/],
  ['a Slack token', /\bxox[abeoprs]-[\w-]{10,}|\bxapp-[\w-]{20,}/],
  ['a Slack webhook', /\bhooks\.slack\.com\/services\/T\w{1,32}\/B\w{1,32}\/\w{20,}/],
  ['a Stripe key', /\b(?:[rs]k_(?:live|test)|whsec)_\w{16,}/],
  ['an npm token', /\bnpm_[A-Za-z0-9]{36}\b/],
  ['a PyPI token', /\bpypi-[\w-]{50,}/],
  ['a Hugging Face token', /\bhf_[A-Za-z0-9]{30,}\b/],
  ['a Groq, xAI or Perplexity key', /\b(?:gsk_|xai-|pplx-)[A-Za-z0-9]{30,}\b/],
  ['a SendGrid key', /\bSG\.[\w-]{20,64}\.[\w-]{20,}/],
  [
    'a Docker, Shopify or Databricks token',
    /\b(?:dckr_pat_[\w-]{20,}|shp(?:at|ss|ca)_[a-fA-F0-9]{32}|dapi[a-f0-9]{32})/,
  ],
  ['a Vault token', /\bhv[sbr]\.[\w-]{20,}/],
  ['a Telegram token', /\b\d{8,10}:AA[\w-]{33}\b/],
  ['a JSON Web Token', /(?:^|[^\w-])eyJ[\w-]{8,}\.eyJ[\w-]{8,}\.[\w-]{8,}/],
  ['a URL with a password', /\b[A-Za-z][A-Za-z0-9+.-]{0,20}:\/\/[^\s/:@]{1,256}:[^\s/:@]{1,256}@/],
  ['a bearer token', /^(?:Bearer|Basic|Token) [\w.~+/-]{16,}=*$/i],
];

const names =
  /(?:^|_)(?:API_?KEY|ACCESS_?KEY|SECRET(?:_?KEY)?|PRIVATE_?KEY|TOKEN|PASSWORD|PASSWD|PWD|CREDENTIALS?|AUTHORIZATION)$/i;

// SDKs refuse to start without a key; what the gateway replaces anyway may say so. A path, a switch or a count is none.
const placeholder =
  /^(?:|unused|none|null|dummy|changeme|redacted|x+|\*+|true|false|not-?(?:used|needed)|<[^>]*>|(?:Bearer )?\$\([\w-]+\)|(?:Bearer )?\$\{[^}]*\}|\/[\w./-]+|\d{1,7})$/i;

const saysPlaceholder = /placeholder|injected/i;

function isPlaceholder(value: string): boolean {
  return placeholder.test(value) || (saysPlaceholder.test(value) && !/[\n\r]/.test(value));
}

/** A text this long is a file, and files are judged by shape alone. */
const maxTokenLength = 512;
const minTokenLength = 24;

/** Bits a character, of the text's own distribution. */
function entropyOf(text: string): number {
  const counts = new Map<string, number>();
  for (const character of text) counts.set(character, (counts.get(character) ?? 0) + 1);
  return [...counts.values()].reduce((sum, count) => {
    const share = count / text.length;
    return sum - share * Math.log2(share);
  }, 0);
}

function classOf(character: string): number {
  if (/[a-z]/.test(character)) return 0;
  return /[A-Z]/.test(character) ? 1 : 2;
}

/** Random text changes between kinds of characters all the time; words and names in camel case do not. */
function changesOf(text: string): number {
  const classes = Array.from(text.replaceAll(/[^A-Za-z0-9]/g, ''), classOf);
  return (
    classes.filter((each, index) => index > 0 && each !== classes[index - 1]).length / (classes.length - 1)
  );
}

// Random base62 has 0.62 on average, a name in camel case rarely 0.4.
const minChanges = 0.42;
/** Of base64's sixty-four characters two are no letter or digit; paths and names have more. */
const maxSeparators = 0.08;

/**
 * One word of upper and lower case and digits, with nothing a person would write in it. Lower-case hexadecimal is left
 * alone: digests and commits look like keys.
 */
function isRandom(text: string): boolean {
  if (text.length < minTokenLength || !/^[\w+/~-]+={0,2}$/.test(text)) return false;
  if (!/[a-z]/.test(text) || !/[A-Z]/.test(text) || (text.match(/\d/g) ?? []).length < 2) return false;
  const body = text.replaceAll('=', '');
  if ((body.match(/[^A-Za-z0-9]/g) ?? []).length > Math.max(2, body.length * maxSeparators)) return false;
  return entropyOf(body) >= Math.min(4.5, Math.log2(body.length) * 0.82) && changesOf(body) >= minChanges;
}

/** Base64 of plain text, such as a script, is a file and no key; undefined: it is no such text. */
function encodedText(text: string): string | undefined {
  const decoded = Buffer.from(text, 'base64').toString('latin1');
  return /^[\t\n\r\x20-\x7e]{12,}$/.test(decoded) ? decoded : undefined;
}

/** A public certificate or key in base64 is none: DER begins with MII, PEM with LS0tLS1CRUdJTi. */
function isPublicKey(text: string): boolean {
  return text.startsWith('MII') || text.startsWith('LS0tLS1CRUdJTi') || text.startsWith('AAAA');
}

function knownShape(value: string): string | undefined {
  return secretShapes.find(([, pattern]) => pattern.test(value))?.[0];
}

/** What a line ends with, but for quotes and punctuation, if it is long enough; else nothing. */
function lastToken(line: string): string {
  let end = line.trimEnd().length;
  while (end > 0 && `"',;`.includes(line.charAt(end - 1))) end -= 1;
  let start = end;
  while (start > 0 && /[\w+/~=-]/.test(line.charAt(start - 1))) start -= 1;
  return end - start < minTokenLength ? '' : line.slice(start, end);
}

/** Of the word a line ends with, after a name, a colon or a quote. */
function shapeOfLine(line: string): string | undefined {
  if (line.length > maxTokenLength) return undefined;
  const value = lastToken(line).replace(/^\w{1,64}=(?=.{24})/, '');
  const text = encodedText(value);
  if (text !== undefined) return knownShape(text);
  return isRandom(value) && !isPublicKey(value) ? 'what looks like a random key' : undefined;
}

/** What a value looks like, or undefined. */
export function secretShape(value: string): string | undefined {
  const shape = knownShape(value);
  if (shape !== undefined) return shape;
  for (const line of value.split('\n')) {
    const found = shapeOfLine(line);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** A variable, header or field whose name says that its value is a credential, and whose value is no obvious stand-in. */
export function namesSecret(name: string, value: string): boolean {
  const words = name.replaceAll(/([a-z0-9])([A-Z])/g, '$1_$2').replaceAll(/[-. /]/g, '_');
  // CLRK_CONFIG_SECRET: clrk-ingress-config names an object.
  const isObjectName = /SECRET$/i.test(words) && /^[a-z]+(?:-[a-z]+)+$/.test(value);
  return names.test(words) && !isPlaceholder(value) && !isObjectName;
}
