/**
 * Which paths the operation tables tell apart, for who asks which calls there are rather than about one. A path is a literal
 * of its table, fits one of its templates, or is like every other path; test/decision holds the tables to it.
 */
import { anthropicPaths, openaiPaths } from './operation.ts';

/** `before`, a segment that names a model, and one of `after`. */
export interface PathTemplate {
  readonly before: string;
  /** Characters that end the segment. */
  readonly stops: string;
  /** Empty text: nothing follows. */
  readonly after: readonly string[];
  /** Any text of two characters or more after the segment does, or any word after the character that ends it. */
  readonly anyAfter: 'text' | 'word' | undefined;
}

export interface PathSpace {
  readonly literals: readonly string[];
  readonly templates: readonly PathTemplate[];
}

function segment(before: string, change: Partial<PathTemplate> = {}): PathTemplate {
  return { before, stops: '/', after: [''], anyAfter: undefined, ...change };
}

function openaiBelow(prefix: string): PathSpace {
  return {
    literals: openaiPaths.literals.map((path) => `${prefix}${path}`),
    templates: [segment(`${prefix}${openaiPaths.models}`)],
  };
}

function joined(...spaces: readonly PathSpace[]): PathSpace {
  const templates = new Map(
    spaces.flatMap((space) => space.templates).map((each) => [each.before, each] as const),
  );
  return {
    literals: [...new Set(spaces.flatMap(({ literals }) => literals))],
    templates: [...templates.values()],
  };
}

const anthropic: PathSpace = {
  literals: anthropicPaths.literals,
  templates: [segment(anthropicPaths.models)],
};
function below(prefix: string, { literals, templates }: PathSpace): PathSpace {
  return {
    literals: literals.map((path) => `${prefix}${path}`),
    templates: templates.map((each) => ({ ...each, before: `${prefix}${each.before}` })),
  };
}

const both = joined(openaiBelow('/v1'), anthropic);

const googleModels = ['/v1/', '/v1beta/', '/v1alpha/'].flatMap((version) =>
  ['models/', 'tunedModels/'].map((list) => segment(`${version}${list}`, { stops: '/:', anyAfter: 'word' })),
);

const bedrockVerbs = ['converse', 'converse-stream', 'invoke', 'invoke-with-response-stream', 'count-tokens'];

const spaces: ReadonlyMap<string, PathSpace> = new Map<string, PathSpace>([
  ['openai', openaiBelow('/v1')],
  ['anthropic', both],
  ['custom', both],
  [
    'google',
    joined(
      { literals: [], templates: googleModels },
      openaiBelow('/v1beta/openai'),
      openaiBelow('/v1/openai'),
    ),
  ],
  [
    'azure-openai',
    joined(openaiBelow('/openai/v1'), openaiBelow('/openai'), below('/anthropic', anthropic), {
      literals: [],
      templates: [segment('/openai/deployments/', { after: [], anyAfter: 'text' })],
    }),
  ],
  [
    'bedrock',
    joined(openaiBelow('/openai/v1'), {
      literals: [],
      templates: [segment('/model/', { after: bedrockVerbs.map((verb) => `/${verb}`) })],
    }),
  ],
]);

const empty: PathSpace = { literals: [], templates: [] };

/** Of the API that `operationTable(schema)` reads. */
export function pathSpaceOf(schema: string | undefined): PathSpace {
  return (schema === undefined ? undefined : spaces.get(schema)) ?? empty;
}
