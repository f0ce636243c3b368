/**
 * Where the development platform keeps things: one directory, `$CLRK_HOME`. Apart so that every part names paths
 * the same way and `reset` knows all of them. It only computes paths and never touches the disk.
 */
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';

export interface Home {
  readonly root: string;
  readonly kubeconfig: string;
  readonly state: string;
  readonly auth: string;
  readonly pki: string;
  readonly config: string;
  readonly etcd: string;
  readonly nats: string;
  readonly registry: string;
  readonly logs: string;
  readonly podLogs: string;
  readonly pods: string;
  readonly volumes: string;
  readonly images: string;
}

export function homePaths(root: string): Home {
  return {
    root,
    kubeconfig: join(root, 'kubeconfig'),
    state: join(root, 'dev.json'),
    auth: join(root, 'auth.json'),
    pki: join(root, 'pki'),
    config: join(root, 'config'),
    etcd: join(root, 'etcd'),
    nats: join(root, 'nats'),
    registry: join(root, 'registry'),
    logs: join(root, 'logs'),
    podLogs: join(root, 'logs', 'pods'),
    pods: join(root, 'pods'),
    volumes: join(root, 'volumes'),
    images: join(root, 'images'),
  };
}

export function homeFromEnvironment(environment: Readonly<Record<string, string | undefined>>): Home {
  const override = environment['CLRK_HOME'];
  return homePaths(override === undefined || override === '' ? join(homedir(), '.clrk') : resolve(override));
}
