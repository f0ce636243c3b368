export interface Download {
  readonly url: string;
  readonly sum: string;
  readonly sumKind: 'sha256' | 'sha512';
  readonly archive?: string;
}
export interface Tool {
  readonly name: string;
  readonly version: string;
  readonly versionArgs?: readonly string[];
  readonly module: string;
  readonly goPackage: string;
  readonly ldflags: string;
  readonly download: (arch: string) => Download;
}
export declare const toolTable: readonly Tool[];
export declare const testToolTable: readonly Tool[];
