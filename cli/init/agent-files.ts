/** The code of a new project: one agent as a stack, and a test of what it may reach. Text of what a person goes on from. */

const main = `/** What runs: one stack an agent. \`npm run synth\` writes dist/ from it, one folder a stack. */
import { App, YamlOutputType } from 'cdk8s';
import { agents } from './agents.ts';

const app = new App({ yamlOutputType: YamlOutputType.FOLDER_PER_CHART_FILE_PER_RESOURCE });
agents(app);
app.synth();`;

const agents = `/** The agents, and what each may reach. Whatever is not named here is closed. */
import { Duration, type App } from 'cdk8s';
import { AgentStack, Credential } from '@clrk/constructs';

export function agents(app: App): AgentStack[] {
  const hello = new AgentStack(app, 'hello', {
    namespace: 'agents',
    // Best by digest (ghcr.io/acme/hello@sha256:…): a tag can be moved.
    image: 'ghcr.io/acme/hello:1.0.0',
    timeout: Duration.seconds(60),
    maxConcurrent: 10,
    providers: {
      openai: {
        models: ['gpt-4o*'],
        credential: Credential.bearer({ name: 'openai', key: 'token' }),
      },
    },
  });
  return [hello];
}`;

const agentsTest = `/** What the agents may reach is what a person meant: a test fails before a review has to see it. */
import { Testing } from 'cdk8s';
import { reach } from 'clrk/testing';
import 'clrk/testing/vitest';
import { expect, test } from 'vitest';
import { agents } from '../apps/agents.ts';

interface Manifest {
  readonly kind: string;
  readonly spec: Record<string, unknown>;
}

const app = Testing.app();
const manifests = agents(app).flatMap((stack) => Testing.synth(stack) as Manifest[]);
const ofKind = (kind: string): Manifest[] => manifests.filter((each) => each.kind === kind);

test('every gateway is closed but for its routes', () => {
  expect(ofKind('EgressGateway').map(({ spec }) => spec['defaultPolicy'])).toEqual(['deny-all']);
});

test('hello may ask OpenAI, and nobody else', () => {
  // All that any agent may reach: one more host in agents.ts fails here, and so does one less.
  expect(reach(app)).toReachOnly(['hello -> api.openai.com:443']);
});

test('no agent holds a key', () => {
  for (const { spec } of ofKind('TaskAgent')) expect(JSON.stringify(spec)).not.toContain('secret');
});`;

export const agentFiles = {
  'apps/main.ts': main,
  'apps/agents.ts': agents,
  'test/agents.test.ts': agentsTest,
} as const;
