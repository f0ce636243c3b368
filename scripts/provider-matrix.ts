/**
 * docs/providers.md: which official SDK does what through a gateway, as the last run of test/sdk saw it (`npm run matrix` runs it and
 * writes docs/providers/*.json). Pure. A field that was not green is empty: the page claims nothing that was not seen.
 */

/** What a run saw in one language. */
export interface MatrixRun {
  readonly cases: readonly string[];
  readonly rows: ReadonlyArray<{
    readonly client: string;
    readonly upstream: string;
    readonly cases: readonly string[];
  }>;
}

const apiNames: Readonly<Record<string, string>> = {
  openai: 'OpenAI chat completions',
  'openai-responses': 'OpenAI responses',
  anthropic: 'Anthropic messages',
  google: 'Gemini generateContent',
  'bedrock-converse': 'Bedrock Converse',
  'azure-openai': 'Azure OpenAI',
};

function nameOf(api: string): string {
  return apiNames[api] ?? api;
}

function table({ cases, rows }: MatrixRun): string {
  const lines = rows.map(({ client, upstream, cases: green }) => {
    const target = client === upstream ? 'the same' : nameOf(upstream);
    const fields = cases.map((name) => (green.includes(name) ? '✓' : ''));
    return `| ${nameOf(client)} | ${target} | ${fields.join(' | ')} |`;
  });
  const rule = cases.map(() => ':-:').join('|');
  return [`| client's API | upstream's API | ${cases.join(' | ')} |`, `|---|---|${rule}|`, ...lines].join(
    '\n',
  );
}

const meanings = `Each field is a call, or several, by an unmodified SDK with a placeholder for a key, through a gateway that terminates TLS and puts the real key on, to the provider stand-in ([examples/provider](../examples/provider/README.md)). It is green when the agent got what was asked for, the provider saw no placeholder, and the record of every call has the tokens the provider told and their price.

- **text**, **system**, **image**, **structured**: a plain answer; a system prompt; a picture that the provider tells the size of; an answer by a JSON schema.
- **tools, turn by turn** and **parallel tools**: calls whose results the SDK sends back, until the model has none left.
- **stream**, **streamed tools**, **odd stream**: the same text and calls, and the usage, in pieces; with CRLF, comments, data over several lines and usage that comes late.
- **usage**: cached and thinking tokens on record.
- **error**, **retried**: a 429 in the caller's schema, which its SDK knows as such; a 503 that the SDK itself tries again.
- **error in a stream**, **cut stream**, **abort**: after the head said 200 the provider tells an error, or breaks off, and the SDK hears of it, while the record has no usage that is a guess; when the agent leaves, the provider notices.`;

/** `runs`: by language. */
export function providerPage(runs: ReadonlyMap<string, MatrixRun>): string {
  const tables = [...runs].map(([language, run]) => `## ${language}\n\n${table(run)}\n`);
  return `<!-- Generated from docs/providers/*.json by \`npm run generate\`. Do not edit. -->

# Providers: what was tried

${meanings}

${tables.join('\n')}`;
}
