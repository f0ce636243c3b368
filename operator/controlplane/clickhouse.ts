/**
 * The configuration of the platform's own ClickHouse. Written whether or not such a server is installed: it is a hash and a
 * few paths.
 */
import {
  clickhouseConfigKeys,
  clickhouseConfigSecret,
  platformAuthKeys,
  ports,
  renderClickhouseServer,
  renderClickhouseUsers,
} from '../../contract/index.ts';
import type { ServerConfig } from './server-config.ts';

export const clickhouseConfig: ServerConfig = {
  part: 'clickhouse',
  name: clickhouseConfigSecret,
  files: ({ credentialOf }) => {
    const password = credentialOf(platformAuthKeys.clickhousePassword);
    if (password === undefined) return undefined;
    return {
      [clickhouseConfigKeys.server]: renderClickhouseServer(ports.clickhouse),
      [clickhouseConfigKeys.users]: renderClickhouseUsers(password),
    };
  },
};
