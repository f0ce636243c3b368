/**
 * What this machine's CPU runs: its architecture by OCI's name and the variants of it. Apart because a variant the CPU
 * lacks dies at its first instruction, and only the CPU knows.
 */
import { readFileSync } from 'node:fs';

export interface HostPlatform {
  readonly architecture: string;
  /** Best first; '' is an entry that names none. */
  readonly variants: readonly string[];
}

/** Flags of /proc/cpuinfo that make a level of the x86-64 psABI, beside those of the levels below. */
const amd64Levels: ReadonlyArray<readonly string[]> = [
  ['cx16', 'lahf_lm', 'popcnt', 'sse4_1', 'sse4_2', 'ssse3'],
  ['avx', 'avx2', 'bmi1', 'bmi2', 'f16c', 'fma', 'abm', 'movbe', 'xsave'],
  ['avx512f', 'avx512bw', 'avx512cd', 'avx512dq', 'avx512vl'],
];

/** 1 to 4; what cannot be read is 1. */
export function amd64Level(cpuinfo: string): number {
  const flags = new Set(/^flags\s*:(.*)$/m.exec(cpuinfo)?.[1]?.trim().split(/\s+/));
  const missing = amd64Levels.findIndex((level) => !level.every((flag) => flags.has(flag)));
  return 1 + (missing === -1 ? amd64Levels.length : missing);
}

/**
 * The plain variant comes first: docker and containerd take it too, and an index is then one image on all machines of an
 * architecture, whatever their CPUs.
 */
export function hostPlatform(architecture: string, cpuinfo: string = readCpuInfo()): HostPlatform {
  switch (architecture) {
    case 'amd64': {
      const level = amd64Level(cpuinfo);
      return { architecture, variants: ['', 'v1', ...['v4', 'v3', 'v2'].slice(4 - level)] };
    }
    case 'arm64':
      return { architecture, variants: ['v8', ''] };
    case 'arm':
      return { architecture, variants: ['v7', '', 'v6', 'v5'] };
    default:
      return { architecture, variants: [''] };
  }
}

function readCpuInfo(): string {
  try {
    return readFileSync('/proc/cpuinfo', 'utf8');
  } catch {
    return '';
  }
}

/** The OCI name of this process's CPU (Go's GOARCH). */
export function hostArchitecture(arch: string = process.arch): string {
  return arch === 'x64' ? 'amd64' : arch;
}
