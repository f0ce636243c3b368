/** A credential in a manifest. */
import type { Manifest } from '../manifest/manifest.ts';
import type { Path } from '../manifest/path.ts';
import type { Found, Rule } from '../rule.ts';
import { namesSecret, secretShape } from '../secret-text.ts';
import { agentKinds, type AgentItem } from '../topology.ts';

interface Variable {
  readonly name: string;
  readonly value?: string | undefined;
  readonly valueFrom?: { readonly configMapKeyRef?: unknown } | undefined;
}

function* variables(manifest: Manifest, path: Path, env: readonly Variable[] | undefined): Iterable<Found> {
  for (const [index, { name, value = '', valueFrom }] of (env ?? []).entries()) {
    const shape = secretShape(value);
    if (shape !== undefined)
      yield { manifest, path: [...path, index, 'value'], message: `${name} holds ${shape}` };
    else if (namesSecret(name, value)) {
      yield {
        manifest,
        path: [...path, index, 'value'],
        message: `${name} looks like a credential by its name`,
      };
    } else if (valueFrom?.configMapKeyRef !== undefined && namesSecret(name, 'x-from-config-map')) {
      yield {
        manifest,
        path: [...path, index, 'valueFrom'],
        message: `${name} takes what looks like a credential from a ConfigMap`,
      };
    }
  }
}

function* words(manifest: Manifest, path: Path, values: readonly string[] | undefined): Iterable<Found> {
  for (const [index, value] of (values ?? []).entries()) {
    const shape = secretShape(value);
    if (shape !== undefined)
      yield { manifest, path: [...path, index], message: `an argument holds ${shape}` };
  }
}

export const secretInEnv: Rule = {
  id: 'secret-in-env',
  severity: 'error',
  title: 'A credential in a manifest',
  why: 'An agent is untrusted: what is in its environment or arguments it can print, send or be talked out of. And a manifest is in git, for everyone, for ever.',
  fix: 'Remove it, rotate it, and let a CredentialInjectionPolicy put the Secret on the call at the gateway. An SDK that wants a key is content with `placeholder`.',
  promises: ['S39'],
  *check(world) {
    for (const { manifest, spec } of agentKinds.flatMap((kind): readonly AgentItem[] => world.own(kind))) {
      const { env, command, args } = spec.template.spec;
      const path = ['spec', 'template', 'spec'];
      yield* variables(manifest, [...path, 'env'], env);
      yield* words(manifest, [...path, 'command'], command);
      yield* words(manifest, [...path, 'args'], args);
    }
    for (const { manifest, spec } of world.own('WorkerPool')) {
      yield* variables(manifest, ['spec', 'template', 'env'], spec.template.env);
    }
    for (const { manifest, spec } of world.own('EgressGateway')) {
      for (const [name, value] of Object.entries(spec.otlp?.headers ?? {})) {
        if (
          secretShape(value) === undefined &&
          !namesSecret(name, value) &&
          name.toLowerCase() !== 'authorization'
        )
          continue;
        yield {
          manifest,
          path: ['spec', 'otlp', 'headers', name],
          message: `header ${name} of otlp looks like a credential`,
        };
      }
    }
  },
};
