/**
 * The configuration of a ClickHouse server that the platform brings itself: HTTP only, one user (telemetry's), data below a
 * volume and no tables of its own logs. Pure; here because the operator writes what the StatefulSet of apps/ mounts. It
 * holds a password's hash, never the password.
 */
import { createHash } from 'node:crypto';

export const clickhouseUser = 'clrk';
export const clickhouseConfigSecret = 'clrk-clickhouse-config';
export const clickhouseConfigKeys = { server: 'config.xml', users: 'users.xml' } as const;
/** Where its StatefulSet mounts the Secret and the volume. */
export const clickhouseConfigDir = '/etc/clrk/clickhouse';
export const clickhouseStoreDir = '/var/lib/clrk/clickhouse';

export function renderClickhouseServer(port: number): string {
  // A folder of its own below the mount: the server refuses a data folder it does not own, and a volume is root's.
  const data = `${clickhouseStoreDir}/data`;
  return `<clickhouse>
  <logger><level>information</level><console>1</console></logger>
  <listen_host>0.0.0.0</listen_host>
  <http_port>${port}</http_port>
  <path>${data}/</path>
  <tmp_path>${data}/tmp/</tmp_path>
  <user_files_path>${data}/user_files/</user_files_path>
  <format_schema_path>${data}/format_schemas/</format_schema_path>
  <mark_cache_size>268435456</mark_cache_size>
  <user_directories><users_xml><path>${clickhouseConfigDir}/${clickhouseConfigKeys.users}</path></users_xml></user_directories>
  <default_profile>default</default_profile>
  <default_database>default</default_database>
</clickhouse>
`;
}

export function renderClickhouseUsers(password: string): string {
  const hash = createHash('sha256').update(password).digest('hex');
  return `<clickhouse>
  <profiles><default></default></profiles>
  <quotas><default></default></quotas>
  <users>
    <${clickhouseUser}>
      <password_sha256_hex>${hash}</password_sha256_hex>
      <networks><ip>::/0</ip></networks>
      <profile>default</profile>
      <quota>default</quota>
    </${clickhouseUser}>
  </users>
</clickhouse>
`;
}
