// A process that serves, says so, and then reads nothing any more.
process.on('message', () => undefined);
process.send({ kind: 'state', state: { digest: '', policyDigest: '' } }, () =>
  process.kill(process.pid, 'SIGSTOP'),
);
