/**
 * What an installation consists of, as objects: the kinds, the platform rendered from apps/, and the choices it was
 * rendered with, kept on its ConfigMap so that an upgrade keeps them. Loaded lazily: the constructs take a second.
 */
import { Type, type Static } from 'typebox';
import { Value } from 'typebox/value';
import { customResourceDefinition, kinds } from '../../api/index.ts';
import { orderManifests, type Manifest } from '../manifest-files.ts';

const choicesSchema = Type.Object(
  {
    image: Type.Optional(Type.String()),
    natsImage: Type.Optional(Type.String()),
    natsUrl: Type.Optional(Type.String()),
    clickhouseUrl: Type.Optional(Type.String()),
    installClickhouse: Type.Optional(Type.Boolean()),
    clickhouseImage: Type.Optional(Type.String()),
    storageClass: Type.Optional(Type.String()),
    platformCidrs: Type.Optional(Type.String()),
    logRetentionDays: Type.Optional(Type.Integer()),
    traceRetentionDays: Type.Optional(Type.Integer()),
    invocationRetentionDays: Type.Optional(Type.Integer()),
  },
  { additionalProperties: false },
);
/** What a person chose; absent: the release's default, also after an upgrade. */
export type Choices = Static<typeof choicesSchema>;

export const settingsName = 'clrk-platform';
export const choicesAnnotation = 'clrk.apoxy.dev/install-options';

/** The choices of an earlier installation; none when it was not made by `clrk install`. */
export function choicesOf(annotation: string | undefined): Choices {
  try {
    const value: unknown = JSON.parse(annotation ?? '{}');
    return Value.Check(choicesSchema, value) ? value : {};
  } catch {
    return {};
  }
}

/** What an installation is to be now: the earlier choices where nothing else is said. */
export function mergeChoices(earlier: Choices | undefined, chosen: Choices): Choices {
  if (earlier === undefined) return chosen;
  const { clickhouseUrl: _url, installClickhouse: _install, ...rest } = earlier;
  // Records go to one server: who names another place has left the earlier one.
  const namesPlace = chosen.clickhouseUrl !== undefined || chosen.installClickhouse !== undefined;
  return { ...(namesPlace ? rest : earlier), ...chosen };
}

export function definitions(): readonly Manifest[] {
  return kinds.map((kind) => customResourceDefinition(kind) as Manifest);
}

function withChoices(manifest: Manifest, choices: Choices): Manifest {
  if (manifest.kind !== 'ConfigMap' || manifest.metadata.name !== settingsName) return manifest;
  const annotations = { [choicesAnnotation]: JSON.stringify(choices) };
  return { ...manifest, metadata: { ...manifest.metadata, annotations } } as Manifest;
}

/** In the order they can be applied. */
export async function platformObjects(namespace: string, choices: Choices): Promise<readonly Manifest[]> {
  const [{ PlatformChart }, { App }] = await Promise.all([import('../../apps/index.ts'), import('cdk8s')]);
  const chart = new PlatformChart(new App(), 'platform', { ...choices, namespace });
  const manifests = chart.toJson() as readonly Manifest[];
  return orderManifests(manifests.map((manifest) => withChoices(manifest, choices)));
}
