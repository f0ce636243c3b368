/**
 * The files every image of ours has: users, name look-up, /tmp, and a CA bundle. Apart because Node, shell and Python
 * images share them. The CA bundle is Node's own copy of Mozilla's list, so that building needs no network.
 */
import { rootCertificates } from 'node:tls';
import { directoryEntry, symlinkEntry, textFile, type TreeEntry } from './tree-entry.ts';

/** An id no distribution gives to a real user (the "nonroot" of distroless images). */
export const agentUser = { name: 'agent', uid: 65532, gid: 65532, home: '/home/agent' } as const;

const { name, uid, gid, home } = agentUser;

export function baseFiles(): readonly TreeEntry[] {
  return [
    textFile(
      'etc/passwd',
      `root:x:0:0:root:/root:/sbin/nologin\n${name}:x:${uid}:${gid}:${name}:${home}:/bin/sh\n`,
    ),
    textFile('etc/group', `root:x:0:\n${name}:x:${gid}:\n`),
    textFile('etc/nsswitch.conf', 'passwd: files\ngroup: files\nhosts: files dns\n'),
    textFile('etc/hosts', '127.0.0.1\tlocalhost\n'),
    textFile('etc/ssl/certs/ca-certificates.crt', `${rootCertificates.join('\n')}\n`),
    // Where OpenSSL itself looks: as built by its makers, and as built by Debian.
    symlinkEntry('etc/ssl/cert.pem', 'certs/ca-certificates.crt'),
    symlinkEntry('usr/lib/ssl/cert.pem', '/etc/ssl/certs/ca-certificates.crt'),
    { ...directoryEntry(home), uid, gid },
    directoryEntry('root', 0o700),
    directoryEntry('tmp', 0o1777),
    directoryEntry('proc', 0o555),
    directoryEntry('sys', 0o555),
    directoryEntry('dev'),
  ];
}
