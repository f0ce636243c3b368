/**
 * The reference of @clrk/constructs as Markdown, one page a file of constructs/, from the doc comments alone. Own and
 * small: TypeDoc writes twice as much of the same comments and needs a type checker. It must be the same bytes each time.
 */
import { readDocComments, type Documented } from './doc-comments.ts';

const introduction = `# @clrk/constructs

How a person writes agents, pools, gateways and policies: typed cdk8s constructs. Written from their doc comments by
\`npm run generate\`; the tests compile and run every example.

In examples without imports there are an \`app\`, a \`chart\`, and in it a WorkerPool \`pool\`, an EgressGateway \`gateway\`
and a TaskAgent \`agent\`; the chart's namespace is \`agents\`.

Three things that span pages:

- **Several namespaces.** All references stay in one namespace but that of a route to its gateway: \`allowRoutesFrom\` of
  an [EgressGateway](egress-gateway.md#egressgateway) says whose routes attach, so keys can be where no agent runs.
- **Denying.** \`denyHosts\`, \`denyCidrs\`, \`denyProvider\`, \`denyHttp\` and \`denyTools\` of a gateway deny what they name and leave
  the rest open; an [EgressDenyPolicy](egress-deny-policy.md#egressdenypolicy) denies all that its target routes name.
- **Testing.** \`reach\` of \`clrk/testing\` is all that the agents of a chart may reach:
  \`expect(reach(chart)).toReachOnly(['hello -> api.openai.com:443'])\`, with \`import 'clrk/testing/vitest'\`, or
  \`expect.extend(reachMatchers)\` in jest.
`;

function plain(text: string): string {
  return text.replace(/\s*\n\s*/g, ' ');
}

/** A cell of a table; what a pipe would cut is escaped. */
function cell(text: string): string {
  return plain(text).replaceAll('|', '\\|');
}

function code(text: string): string {
  return `\`${text}\``;
}

function examplesOf({ examples }: Documented): string[] {
  return examples.map((each) => `\`\`\`ts\n${each}\n\`\`\``);
}

function shortName({ name }: Documented): string {
  return name.split('.').at(-1) ?? name;
}

function propertyTable(properties: readonly Documented[]): string[] {
  if (properties.length === 0) return [];
  const rows = properties.map((each) => {
    const fallback = each.optional ? (each.defaultText ?? '') : '';
    return `| ${code(shortName(each))} | ${cell(code(each.signature))} | ${cell(each.text)} | ${cell(fallback)} |`;
  });
  return [['| | type | | default |', '|---|---|---|---|', ...rows].join('\n')];
}

/** `[Base](page.md#base)` when the base is ours. */
function linkOf(name: string, pages: ReadonlyMap<string, string>): string {
  const bare = name.replace(/<.*/, '');
  const page = pages.get(bare);
  return page === undefined ? code(name) : `[${name}](${page}.md#${bare.toLowerCase()})`;
}

function sectionOf(
  head: Documented,
  members: readonly Documented[],
  pages: ReadonlyMap<string, string>,
): string[] {
  const bases =
    head.bases.length > 0
      ? [`Also everything of ${head.bases.map((each) => linkOf(each, pages)).join(', ')}.`]
      : [];
  const methods = members.filter(({ what }) => what === 'method');
  return [
    `## ${head.name}`,
    plain(head.text),
    ...(head.signature === '' ? [] : [code(head.signature)]),
    ...bases,
    ...examplesOf(head),
    ...propertyTable(members.filter(({ what }) => what === 'property')),
    ...methods.flatMap((each) => [
      `### ${shortName(each)}`,
      code(each.signature),
      plain(each.text),
      ...examplesOf(each),
    ]),
  ];
}

/** File name to text. */
export function referencePages(): Map<string, string> {
  const all = readDocComments();
  const heads = all.filter(({ name }) => !name.includes('.'));
  const pages = new Map(heads.map(({ name, file }) => [name, file]));
  const texts = new Map<string, string>();
  const files = [...new Set(heads.map(({ file }) => file))];
  for (const file of files) {
    const own = heads.filter((each) => each.file === file);
    // What the page is called after comes first.
    const sorted = own.toSorted((a, b) => Number(b.what === 'class') - Number(a.what === 'class'));
    const sections = sorted.flatMap((head) => {
      return sectionOf(
        head,
        all.filter(({ name }) => name.startsWith(`${head.name}.`)),
        pages,
      );
    });
    texts.set(`${file}.md`, `${[`# ${file}`, ...sections].join('\n\n')}\n`);
  }
  const classes = heads.filter(({ what }) => what === 'class');
  const list = classes.map(
    ({ name, text }) => `- ${linkOf(name, pages)}: ${plain(text).split('. ')[0]?.replace(/\.$/, '') ?? ''}`,
  );
  return texts.set('README.md', `${introduction}\n${list.toSorted().join('\n')}\n`);
}
