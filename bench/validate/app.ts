/** A cdk8s app of 1,000 agents in ten teams, each with its gateway, routes and pool: written into the folder it is given. */
import { App, Chart, Duration, YamlOutputType } from 'cdk8s';
import { Credential, EgressGateway, TaskAgent, WorkerPool } from '../../constructs/index.ts';

const digest = `@sha256:${'a'.repeat(64)}`;

function gatewayTo(chart: Chart, id: string, secret: string): EgressGateway {
  const gateway = new EgressGateway(chart, id);
  gateway.allowProvider('openai', {
    models: ['gpt-4o*'],
    credential: Credential.bearer({ name: secret, key: 'token' }),
  });
  return gateway;
}

export function synthAgents(outdir: string, teams: number, agentsPerTeam: number): void {
  const app = new App({ outdir, yamlOutputType: YamlOutputType.FOLDER_PER_CHART_FILE_PER_RESOURCE });
  for (let team = 0; team < teams; team += 1) {
    const chart = new Chart(app, `team-${team}`, { namespace: `team-${team}` });
    const pool = new WorkerPool(chart, 'pool', { image: `clrk.apoxy.dev/clrk:0.1.0${digest}` });
    const gateway = gatewayTo(chart, 'out', 'openai');
    for (let index = 0; index < agentsPerTeam; index += 1) {
      new TaskAgent(chart, `agent-${index}`, {
        image: `registry.example.com/agent-${index}:1.0${digest}`,
        pool,
        egress: [gateway],
        timeout: Duration.seconds(90),
        maxConcurrent: 4,
        env: { LOG_LEVEL: 'debug', REGION: 'eu-central-1' },
      });
    }
  }
  app.synth();
}

/** The same number of agents in one team, each behind a gateway of its own. */
export function synthAgentsApart(outdir: string, agents: number): void {
  const app = new App({ outdir, yamlOutputType: YamlOutputType.FOLDER_PER_CHART_FILE_PER_RESOURCE });
  const chart = new Chart(app, 'team', { namespace: 'team' });
  const pool = new WorkerPool(chart, 'pool', { image: `clrk.apoxy.dev/clrk:0.1.0${digest}` });
  for (let index = 0; index < agents; index += 1) {
    const gateway = gatewayTo(chart, `out-${index}`, `openai-${index}`);
    new TaskAgent(chart, `agent-${index}`, {
      image: `registry.example.com/agent-${index}:1.0${digest}`,
      pool,
      egress: [gateway],
      timeout: Duration.seconds(90),
      maxConcurrent: 4,
    });
  }
  app.synth();
}

// As a program of its own; the bench also imports it.
if (process.argv[1] === import.meta.filename) {
  const [outdir = '', shape] = process.argv.slice(2);
  if (shape === 'apart') synthAgentsApart(outdir, 1_000);
  else synthAgents(outdir, 10, 100);
}
