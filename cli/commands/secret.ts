/**
 * `clrk secret set NAME`: puts keys into a Secret that a policy names. Other keys of it stay. A value comes from standard input, a file
 * or the environment, because the words of a command are in the shell's history and in every list of processes; it is never printed.
 */
import { ClrkError } from '../../contract/index.ts';
import type { Cluster } from '../cluster/cluster.ts';
import { openCluster, type ClusterFlags } from '../cluster/open-cluster.ts';
import { notice, printLine, type Io } from '../io.ts';
import { clusterFlags, examples, type AddCommand } from './command.ts';
import { readSecretValues, type SecretSources } from './secret-source.ts';

type SetOptions = ClusterFlags & SecretSources;
type Data = Readonly<Record<string, string>>;

const query = { fieldManager: 'clrk-secret' };

/** False: there is none of this name. */
async function change(cluster: Cluster, path: string, data: Data): Promise<boolean> {
  try {
    await cluster.json({
      method: 'PATCH',
      path,
      query,
      headers: { 'content-type': 'application/merge-patch+json' },
      body: JSON.stringify({ data }),
    });
    return true;
  } catch (error) {
    if (error instanceof ClrkError && error.code === 'NOT_FOUND') return false;
    throw error;
  }
}

export async function runSecretSet(io: Io, name: string, options: SetOptions): Promise<void> {
  const values = await readSecretValues(io, options);
  const cluster = await openCluster(io, options);
  const data = Object.fromEntries([...values].map(([key, value]) => [key, value.toString('base64')]));
  const path = `/api/v1/namespaces/${encodeURIComponent(cluster.namespace)}/secrets`;
  const isThere = await change(cluster, `${path}/${encodeURIComponent(name)}`, data);
  if (!isThere) {
    await cluster.json({
      method: 'POST',
      path,
      query,
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ apiVersion: 'v1', kind: 'Secret', metadata: { name }, type: 'Opaque', data }),
    });
  }
  const keys = [...values].map(([key, { length }]) => `${key} (${length} bytes)`).join(', ');
  await printLine(io, `secret ${cluster.namespace}/${name} ${isThere ? 'changed' : 'created'}: ${keys}`);
  if ((options.fromLiteral ?? []).length > 0) {
    notice(io, 'The value is in the history of your shell; standard input and --from-file leave none there.');
  }
}

const collect = (word: string, before: readonly string[] = []): readonly string[] => [...before, word];

export const addSecret: AddCommand = ({ program, io }) => {
  program
    .command('secret')
    .description('Put keys for agents’ calls into Secrets')
    .addHelpText('before', examples('clrk secret set openai < key.txt'))
    .command('set <name>')
    .description('Set keys of a Secret, which is made where there is none; from standard input unless told')
    .addHelpText(
      'before',
      examples(
        'clrk secret set openai < key.txt',
        'clrk secret set openai --from-env OPENAI_API_KEY',
        'clrk secret set aws --from-file access_key_id=id.txt --from-file secret_access_key=key.txt',
        'clrk secret set crm --from-env client_id=CRM_ID --from-file client_secret=crm.txt',
        'clrk secret set gcp --from-file key.json=service-account.json',
      ),
    )
    .option('--from-env <[key=]variable>', 'a variable of the environment; key: token', collect)
    .option('--from-file <[key=]path>', 'a file, without the line feed that ends its one line', collect)
    .option(
      '--from-literal <key=value>',
      'as kubectl has it; the value stays in your shell’s history',
      collect,
    )
    .action(async (name: string, options: SecretSources, command) => {
      await runSecretSet(io, name, { ...clusterFlags(command), ...options });
    });
};
