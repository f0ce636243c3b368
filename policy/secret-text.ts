/** Text that looks like a credential. It says which kind, never what: findings are printed in public logs. */
const shapes: ReadonlyArray<readonly [string, RegExp]> = [
  ['a private key', /-----BEGIN (?:[A-Z]+ )*PRIVATE KEY-----/],
  ['an Anthropic key', /\bsk-ant-[\w-]{20,}/],
  ['an OpenAI key', /\bsk-(?:proj-|svcacct-)?[\w-]{20,}/],
  ['a Google API key', /\bAIza[\w-]{35}\b/],
  ['an AWS access key', /\b(?:AKIA|ASIA)[A-Z0-9]{16}\b/],
  ['a GitHub token', /\b(?:gh[opsur]_\w{36,}|github_pat_\w{22,})/],
  ['a GitLab token', /\bglpat-[\w-]{20,}/],
  ['a Slack token', /\bxox[abeoprs]-[\w-]{10,}/],
  ['a Stripe key', /\b[rs]k_(?:live|test)_\w{16,}/],
  ['a JSON Web Token', /\beyJ[\w-]{8,}\.eyJ[\w-]{8,}\.[\w-]{8,}/],
  ['a URL with a password', /\b[a-z][a-z0-9+.-]*:\/\/[^\s/:@]+:[^\s/:@]+@/i],
  ['a bearer token', /^Bearer [\w.~+/-]{16,}=*$/i],
];

const names =
  /(?:^|_)(?:API_?KEY|ACCESS_?KEY|SECRET(?:_?KEY)?|PRIVATE_?KEY|TOKEN|PASSWORD|PASSWD|CREDENTIALS?)$/i;

// SDKs refuse to start without a key; what the gateway replaces anyway may say so.
const placeholder =
  /^(?:|unused|none|null|dummy|x+|not-?(?:used|needed)|.*placeholder.*|.*injected.*|<[^>]*>|\$\([\w-]+\))$/i;

/** What a value looks like, or undefined. */
export function secretShape(value: string): string | undefined {
  return shapes.find(([, pattern]) => pattern.test(value))?.[0];
}

/** A variable or header whose name says that its value is a credential, and whose value is not an obvious stand-in. */
export function namesSecret(name: string, value: string): boolean {
  return names.test(name.replaceAll('-', '_')) && !placeholder.test(value);
}
