/**
 * `clrk operator|ingress|worker|egress|telemetry`: the platform's processes, as Deployments start them. Each is loaded
 * only when it is the one to run: a gateway must not carry the operator's memory.
 */
import type { Environment } from '../io.ts';
import { examples, type AddCommand } from './command.ts';

interface Role {
  readonly description: string;
  readonly run: (environment: Environment) => Promise<void>;
}

const roles: Readonly<Record<string, Role>> = {
  operator: {
    description: 'Run the operator: makes the cluster what the manifests say',
    run: async (environment) => (await import('../../operator/index.ts')).runOperator(environment),
  },
  ingress: {
    description: 'Run the ingress: takes calls and finds each a sandbox',
    run: async (environment) => (await import('../../ingress/index.ts')).runIngress(environment),
  },
  worker: {
    description: 'Run a worker: keeps sandboxes',
    run: async (environment) => (await import('../../worker/index.ts')).runWorker(environment),
  },
  egress: {
    description: 'Run an egress gateway: what may leave, with which key, at what cost',
    run: async (environment) => (await import('../../egress/index.ts')).runEgress(environment),
  },
  telemetry: {
    description: 'Run telemetry: keeps what happened',
    run: async (environment) => (await import('../../telemetry/index.ts')).runTelemetry(environment),
  },
};

export const addRoles: AddCommand = ({ program, io }) => {
  for (const [name, role] of Object.entries(roles)) {
    program
      .command(name)
      .helpGroup('Roles (started by Deployments, not by hand):')
      .description(role.description)
      .addHelpText(
        'before',
        examples(`POD_NAME=x POD_NAMESPACE=clrk-system POD_IP=198.51.100.2 clrk ${name}`),
      )
      .action(async () => {
        await role.run(io.environment);
      });
  }
  // One of the processes that serve in a gateway's pod: the gateway forks its own program with this word.
  program
    .command('egress-process <number> <processes>', { hidden: true })
    .action(async (number: string, processes: string) => {
      const place = { number: Number(number), processes: Number(processes) };
      await (await import('../../egress/index.ts')).runEgressProcess(io.environment, place);
    });
  // The child process that holds the embedded ClickHouse: telemetry forks its own program with this word.
  program.command('telemetry-engine <directory>', { hidden: true }).action(async (directory: string) => {
    await (await import('../../telemetry/index.ts')).runTelemetryEngine(directory);
  });
};
