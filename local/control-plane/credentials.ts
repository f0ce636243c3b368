/**
 * The tokens and the root of one development platform: made once, kept in `auth.json` (0600), handed to the servers and, for
 * the roles, to the Secrets `clrk-platform-keys` and `clrk-platform-auth`. Apart so that nothing else invents or stores a credential.
 */
import { randomBytes } from 'node:crypto';
import { Type, type Static } from 'typebox';
import { Value } from 'typebox/value';
import { platformAuthNames } from '../../contract/index.ts';
import { readFileIfAny, writePrivateFile } from '../private-file.ts';

const credentialsSchema = Type.Object({
  /** Static tokens of the API server: for people, the node agent, the controller manager. */
  api: Type.Object({ admin: Type.String(), nodeAgent: Type.String(), controllerManager: Type.String() }),
  /** Root of all identities, base64url: content of Secret clrk-platform-keys. */
  root: Type.String(),
  /** The random keys of Secret clrk-platform-auth. */
  platform: Type.Record(Type.String(), Type.String()),
});
export type Credentials = Static<typeof credentialsSchema>;

export function createCredentials(random: () => string): Credentials {
  return {
    api: { admin: random(), nodeAgent: random(), controllerManager: random() },
    root: random(),
    platform: Object.fromEntries(platformAuthNames.map((key) => [key, random()])),
  };
}

/** Those of the last run, else new ones, written before they are used. */
export function loadCredentials(path: string): Credentials {
  const text = readFileIfAny(path);
  if (text !== undefined) {
    const value: unknown = JSON.parse(text);
    if (Value.Check(credentialsSchema, value)) return value;
  }
  // 256 bits; base64url needs no quoting in any of the files it lands in.
  const credentials = createCredentials(() => randomBytes(32).toString('base64url'));
  writePrivateFile(path, `${JSON.stringify(credentials, null, 2)}\n`);
  return credentials;
}

/** kube-apiserver's static token file: token, user, uid, groups. */
export function renderTokenFile({ api }: Credentials): string {
  return [
    `${api.admin},clrk-admin,clrk-admin,system:masters`,
    `${api.nodeAgent},clrk-node-agent,clrk-node-agent,system:masters`,
    `${api.controllerManager},system:kube-controller-manager,kube-controller-manager,`,
    '',
  ].join('\n');
}
