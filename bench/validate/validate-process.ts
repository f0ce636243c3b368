/** `clrk validate` without the command line: reads the folder, judges, prints what it took. A process of its own, so that it starts cold. */
import { loadManifests, validate } from '../../policy/index.ts';

const [folder = '.'] = process.argv.slice(2);
const started = performance.now();
const before = process.cpuUsage();
const report = validate(loadManifests([folder]), { now: new Date() });
const { user, system } = process.cpuUsage(before);
const errors = report.findings.filter(({ severity }) => severity === 'error').length;
process.stdout.write(
  JSON.stringify({
    objects: report.objects,
    errors,
    wallMs: performance.now() - started,
    cpuMs: (user + system) / 1_000,
  }),
);
