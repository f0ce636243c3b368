/**
 * The few libc calls Node has no name for, through koffi. Apart because FFI is the one place a wrong type crashes
 * the process. Every call is synchronous on the calling thread: `setns` moves that thread, so whoever calls it must
 * go back before the event loop runs again (see router-namespace.ts).
 */
import koffi from 'koffi';
import { ClrkError } from '../../contract/index.ts';

const libc = koffi.load('libc.so.6');

const native = {
  setns: libc.func('int setns(int fd, int nstype)'),
  socket: libc.func('int socket(int domain, int type, int protocol)'),
  setsockopt: libc.func('int setsockopt(int fd, int level, int name, const void *value, uint32_t length)'),
  bind: libc.func('int bind(int fd, const void *address, uint32_t length)'),
  listen: libc.func('int listen(int fd, int backlog)'),
  getsockname: libc.func('int getsockname(int fd, void *address, void *length)'),
  close: libc.func('int close(int fd)'),
  pipe2: libc.func('int pipe2(void *fds, int flags)'),
  prctl: libc.func(
    'int prctl(int option, unsigned long a, unsigned long b, unsigned long c, unsigned long d)',
  ),
  waitpid: libc.func('int waitpid(int pid, void *status, int options)'),
};

// <sched.h>, <bits/socket.h>, <netinet/in.h>, <fcntl.h>, <sys/prctl.h>, <sys/wait.h> of Linux x86-64 and arm64.
const CLONE_NEWNET = 0x40000000;
const AF_INET = 2;
const SOCK_STREAM = 1;
const SOCK_DGRAM = 2;
const SOCK_NONBLOCK_CLOEXEC = 0o4000 | 0o2000000;
const SOL_SOCKET = 1;
const SO_REUSEADDR = 2;
const SO_RCVBUFFORCE = 33;
const SOL_IP = 0;
const IP_TRANSPARENT = 19;
const O_CLOEXEC = 0o2000000;
const PR_SET_CHILD_SUBREAPER = 36;
const WNOHANG = 1;
const ECHILD = 10;

function check(result: unknown, call: string): number {
  if (typeof result === 'number' && result >= 0) return result;
  throw new ClrkError('SYSTEM_CALL_FAILED', `${call} failed with errno ${koffi.errno()}`, {
    hint: 'The worker needs root, or a privileged container.',
  });
}

/** Moves the calling thread into the network namespace behind this descriptor. */
export function enterNetworkNamespace(fd: number): void {
  check(native.setns(fd, CLONE_NEWNET), 'setns');
}

function socketAddress(ip: string, port: number): Buffer {
  const address = Buffer.alloc(16);
  address.writeUInt16LE(AF_INET, 0);
  address.writeUInt16BE(port, 2);
  Buffer.from(ip.split('.').map(Number)).copy(address, 4);
  return address;
}

function int32(value: number): Buffer {
  const buffer = Buffer.alloc(4);
  buffer.writeInt32LE(value);
  return buffer;
}

function boundSocket(type: number, ip: string, transparent: boolean): number {
  const fd = check(native.socket(AF_INET, type | SOCK_NONBLOCK_CLOEXEC, 0), 'socket');
  try {
    const one = int32(1);
    check(native.setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, one, 4), 'setsockopt SO_REUSEADDR');
    if (transparent)
      check(native.setsockopt(fd, SOL_IP, IP_TRANSPARENT, one, 4), 'setsockopt IP_TRANSPARENT');
    check(native.bind(fd, socketAddress(ip, 0), 16), 'bind');
    return fd;
  } catch (cause) {
    native.close(fd);
    throw cause;
  }
}

function portOf(fd: number): number {
  const address = Buffer.alloc(16);
  const length = Buffer.alloc(4);
  length.writeUInt32LE(16);
  check(native.getsockname(fd, address, length), 'getsockname');
  return address.readUInt16BE(2);
}

/** A socket of the namespace the thread is in; the caller owns the descriptor. */
export interface OpenedSocket {
  readonly fd: number;
  readonly port: number;
}

/** A listening TCP socket that may stand for any address (IP_TRANSPARENT), on a port of the kernel's choice. Whoever adopts it sets its backlog. */
export function openTransparentListener(ip: string): OpenedSocket {
  const fd = boundSocket(SOCK_STREAM, ip, true);
  check(native.listen(fd, 1), 'listen');
  return { fd, port: portOf(fd) };
}

/** `queueBytes`: of what has arrived and was not read yet, also above the machine's own bound. */
export function openUdpSocket(ip: string, queueBytes: number): OpenedSocket {
  const fd = boundSocket(SOCK_DGRAM, ip, false);
  check(native.setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, int32(queueBytes), 4), 'setsockopt SO_RCVBUFFORCE');
  return { fd, port: portOf(fd) };
}

/** A pipe. Not Node's `stdio: 'pipe'`, which is a socket pair: opening /dev/stdout fails on those in a sandbox. */
export function openPipe(): { readonly readFd: number; readonly writeFd: number } {
  const fds = Buffer.alloc(8);
  check(native.pipe2(fds, O_CLOEXEC), 'pipe2');
  return { readFd: fds.readInt32LE(0), writeFd: fds.readInt32LE(4) };
}

/** Orphaned descendants become our children: that is how a sandbox's exit status reaches us (runsc re-parents it). */
export function becomeSubreaper(): void {
  check(native.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0), 'prctl PR_SET_CHILD_SUBREAPER');
}

export type ReapResult =
  | { readonly state: 'running' }
  | { readonly state: 'exited'; readonly code: number }
  /** Not our child, or already reaped. */
  | { readonly state: 'unknown' };

/** Reaps one child without waiting. A child ended by a signal counts as 128 + signal, as a shell would say. */
export function reap(pid: number): ReapResult {
  const status = Buffer.alloc(4);
  const result: unknown = native.waitpid(pid, status, WNOHANG);
  if (result === 0) return { state: 'running' };
  if (result !== pid) {
    if (koffi.errno() !== ECHILD) check(result, 'waitpid');
    return { state: 'unknown' };
  }
  const word = status.readInt32LE(0);
  const signal = word & 0x7f;
  return { state: 'exited', code: signal === 0 ? (word >> 8) & 0xff : 128 + signal };
}
