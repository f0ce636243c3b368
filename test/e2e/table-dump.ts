/**
 * Every row of every ClickHouse table of a development platform. The engine takes one process a directory, so telemetry
 * is stopped for it (through its Deployment, as a person would) and started again.
 */
import { readdirSync, existsSync } from 'node:fs';
import { join } from 'node:path';
import { spawnSync } from 'node:child_process';
import { repositoryRoot } from '../../local/root.ts';
import type { DevPlatform } from './dev-platform.ts';

/** In a process of its own: the engine is a native library of half a gigabyte. */
const program = `
import { Session } from 'chdb';
const session = new Session(process.argv[1]);
const rows = (sql) => session.query(sql, 'JSONEachRow').trim().split('\\n').filter(Boolean).map((line) => JSON.parse(line));
const tables = rows("SELECT database, name FROM system.tables WHERE database NOT IN ('system', 'INFORMATION_SCHEMA', 'information_schema') OR name LIKE '%_log'");
for (const { database, name } of tables) {
  process.stdout.write('TABLE ' + name + '\\n' + session.query('SELECT * FROM \`' + database + '\`.\`' + name + '\`', 'JSONEachRow'));
}
session.close();
`;

async function scale(platform: DevPlatform, replicas: number): Promise<void> {
  await platform.must('-n', 'clrk-system', 'scale', 'deployment/clrk-telemetry', `--replicas=${replicas}`);
}

export async function dumpTables(
  platform: DevPlatform,
): Promise<{ readonly text: string; readonly tables: readonly string[] }> {
  await scale(platform, 0);
  try {
    await platform.must(
      '-n',
      'clrk-system',
      'wait',
      '--for=delete',
      'pod',
      '-l',
      'app.kubernetes.io/name=clrk-telemetry',
      '--timeout=60s',
    );
    const volume = join(platform.home.volumes, 'clrk-system');
    const directory = readdirSync(volume)
      .map((claim) => join(volume, claim, 'clickhouse'))
      .find((path) => existsSync(path));
    const dumped = spawnSync(process.execPath, ['--input-type=module', '-e', program, directory ?? ''], {
      cwd: repositoryRoot,
      maxBuffer: 1024 ** 3,
      encoding: 'utf8',
    });
    if (dumped.status !== 0) throw new Error(`dump: ${dumped.stderr}`);
    const tables = [...dumped.stdout.matchAll(/^TABLE (.+)$/gm)].map(([, name]) => name ?? '');
    return { text: dumped.stdout, tables };
  } finally {
    await scale(platform, 1);
    await platform.must(
      '-n',
      'clrk-system',
      'wait',
      '--for=condition=Available',
      'deployment/clrk-telemetry',
      '--timeout=60s',
    );
  }
}
