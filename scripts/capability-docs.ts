/**
 * Where people read what this version does not carry out: a page of documentation, a list in the README, and the
 * descriptions of the fields themselves (`kubectl explain`). All made of the table in contract/capability.ts. Pure.
 */
import { capabilities, type Capability, type CapabilityEffect } from '../contract/index.ts';

const effects: Readonly<Record<CapabilityEffect, string>> = {
  refused: 'its calls are refused',
  ignored: 'as if it were not there',
  fixed: 'always the same',
};

function fieldNames({ fields }: Capability): string {
  if (fields.length === 0) return 'a Backend of another `schema` than the `provider` of the matches';
  return fields
    .map(({ kind, path, ...field }) => {
      const value = 'value' in field ? ` of \`${field.value}\`` : '';
      return path === 'spec' ? `every \`${kind}\`` : `\`${kind}.${path}\`${value}`;
    })
    .join(', ');
}

export function capabilityPage(): string {
  const rows = capabilities.map(
    (each) =>
      `| ${each.title} | ${fieldNames(each)} | ${effects[each.effect]} | ${each.message}. ${each.instead} |`,
  );
  return `<!-- Generated from contract/capability.ts by \`npm run generate\`. Do not edit. -->

# What this version does not carry out

The API takes these fields, so that manifests need not change when a version carries them out. Until then an object that sets one has the condition \`Enforced=False\`, reason \`NotEnforced\`, with the field's name; \`clrk validate\`, \`clrk reach\` and admission say it before; \`kubectl explain\` says it beside the field.

| | fields | what happens | why, and what to do |
|---|---|---|---|
${rows.join('\n')}
`;
}

/** An abbreviation keeps its capitals. */
function inSentence(title: string): string {
  return /^[A-Z][a-z]/.test(title) ? `${title.charAt(0).toLowerCase()}${title.slice(1)}` : title;
}

/** The README's list: what is refused or does nothing; what is always the same is no loss. */
export function capabilityList(): string {
  const titles = capabilities
    .filter(({ effect }) => effect !== 'fixed')
    .map(({ title }) => inSentence(title));
  return `Not yet: ${titles.join(', ')}. What happens instead, field by field: [docs/not-enforced.md](docs/not-enforced.md).`;
}

/** One sentence a field, for its description. */
function notes(): Array<{ readonly kind: string; readonly path: string; readonly note: string }> {
  return capabilities.flatMap(({ fields, message }) =>
    fields.map(({ kind, path, ...field }) => {
      const lead = 'value' in field ? `${field.value} is not carried out` : 'Not carried out';
      return { kind, path, note: `${lead}: ${message}.` };
    }),
  );
}

/** For `api/`, which may import nothing of ours: written there, as text. */
export function capabilityNotesFile(): string {
  const lines = notes().map((each) => `  ${JSON.stringify(each)},`);
  return `/** Generated from contract/capability.ts by \`npm run generate\`. Do not edit. What descriptions of fields add. */
export const notEnforcedNotes: ReadonlyArray<{
  readonly kind: string;
  readonly path: string;
  readonly note: string;
}> = [
${lines.join('\n')}
];
`;
}
