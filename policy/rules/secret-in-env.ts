/** A credential in a manifest. */
import { isObject, type Json } from '../manifest/json.ts';
import type { Manifest } from '../manifest/manifest.ts';
import type { AdmissionCheck, Found, Rule } from '../rule.ts';
import { textPlaces, type TextPlace } from '../secret-place.ts';
import { namesSecret, secretShape, secretShapes } from '../secret-text.ts';
import { agentKinds, type AgentItem } from '../topology.ts';
import { renderPath, type Path } from '../manifest/path.ts';

/** Text of the system, not of a person: an image is named by a digest, a sealed secret is sealed. */
function isExempt({ path, value }: TextPlace, { kind }: Manifest): boolean {
  const key = path.at(-1);
  if (kind === 'CustomResourceDefinition' || (kind === 'SealedSecret' && path[0] === 'spec')) return true;
  return key === 'image' || key === 'caBundle' || /^sha(?:256|384|512)[:-]/.test(value);
}

/** Names count where a value is one: a person who calls a key `token` in a Secret of git means it. */
function problemOf(place: TextPlace, manifest: Manifest): string | undefined {
  if (isExempt(place, manifest)) return undefined;
  const { name, path, value } = place;
  const what = name ?? renderPath(path);
  const shape = secretShape(value);
  if (shape !== undefined) return `${what} holds ${shape}`;
  if (name === undefined || !namesSecret(name, value)) return undefined;
  return `${what} looks like a credential by its name`;
}

function* ofManifest(manifest: Manifest): Iterable<Found> {
  for (const place of textPlaces(manifest)) {
    const message = problemOf(place, manifest);
    if (message !== undefined) yield { manifest, path: place.path, message };
  }
}

function valueFromOf(item: AgentItem): ReadonlyArray<{ readonly name: string; readonly path: Path }> {
  return (item.spec.template.spec.env ?? []).flatMap(({ name, valueFrom }, index) => {
    const source = valueFrom as Json | undefined;
    const path = ['spec', 'template', 'spec', 'env', index, 'valueFrom'];
    return isObject(source) && source['configMapKeyRef'] !== undefined ? [{ name, path }] : [];
  });
}

// The same shapes in RE2: linear by itself, so it needs no bound on how long a part is, and takes none above 1,000.
const patterns = secretShapes.map(([, { source, flags }]) =>
  flags.includes('i') ? `(?i:${source})` : source,
);
const re2 = patterns
  .join('|')
  .replaceAll(String.raw`\/`, '/')
  .replaceAll(/\{(\d+),\d{3,}\}/g, '{$1,}');
const shapes = `r'${re2}'`;
const noShape = (value: string): string => `!${value}.matches(${shapes})`;

function admissionCheck(resources: readonly string[], template: string): AdmissionCheck {
  const every = (field: string, value: string, guard = ''): string =>
    `(!has(${template}.${field}) || ${template}.${field}.all(e, ${guard}${noShape(value)}))`;
  return {
    resources,
    expression: [
      every('env', 'e.value', '!has(e.value) || '),
      every('command', 'e'),
      every('args', 'e'),
    ].join(' && '),
    message:
      'a variable or argument holds a credential: let a CredentialInjectionPolicy put the Secret on the call',
  };
}

export const secretInEnv: Rule = {
  id: 'secret-in-env',
  severity: 'error',
  title: 'A credential in a manifest',
  why: 'An agent is untrusted: what is in its environment or arguments it can print, send or be talked out of. And a manifest is in git, for everyone, for ever, in whichever field or annotation the credential stands.',
  fix: 'Remove it, rotate it, and let a CredentialInjectionPolicy put the Secret on the call at the gateway. An SDK that wants a key is content with `placeholder`.',
  promises: ['S39'],
  *check(world) {
    for (const manifest of world.manifests) yield* ofManifest(manifest);
    for (const item of agentKinds.flatMap((kind): readonly AgentItem[] => world.own(kind))) {
      for (const { name, path } of valueFromOf(item)) {
        if (!namesSecret(name, 'x-from-config-map')) continue;
        const message = `${name} takes what looks like a credential from a ConfigMap`;
        yield { manifest: item.manifest, path, message };
      }
    }
  },
  admission: [admissionCheck(['taskagents', 'daemonagents'], 'object.spec.template.spec')],
};
