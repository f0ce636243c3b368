/**
 * Where people read what this version does not carry out: a page of documentation, a list in the README, and the
 * descriptions of the fields themselves (`kubectl explain`). All made of the table in contract/capability.ts. Pure.
 */
import { capabilities, type Capability, type CapabilityEffect } from '../contract/index.ts';

const effects: Readonly<Record<CapabilityEffect, string>> = {
  refused: 'its calls are refused',
  idle: 'does nothing',
  ignored: 'as if it were not there',
  fixed: 'always the same',
};

function fieldNames({ fields }: Capability): string {
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

type Json = Record<string, unknown>;

function schemaAt(schema: Json, path: string): Json | undefined {
  let at: Json | undefined = schema;
  for (const step of path.split('.')) {
    const [name = ''] = step.split('[]');
    at = (at?.['properties'] as Record<string, Json> | undefined)?.[name];
    if (step.endsWith('[]')) at = at?.['items'] as Json | undefined;
  }
  return at;
}

/** Writes into the schema of a kind what of it is not carried out. Throws for a field that the kind does not have. */
export function describeCapabilities(kind: string, schema: Json): void {
  for (const { fields, message } of capabilities) {
    for (const { path, ...field } of fields.filter((each) => each.kind === kind)) {
      const place = schemaAt(schema, path);
      if (place === undefined)
        throw new Error(`${kind} has no field ${path}: contract/capability.ts names it`);
      const value = 'value' in field ? `${field.value} is ` : '';
      const lead = value === '' ? 'Not carried out' : `${value}not carried out`;
      place['description'] = `${String(place['description'])} ${lead}: ${message}.`;
    }
  }
}
