export declare const root: string;
export declare class BootstrapError extends Error {
  readonly hint: string;
}
export declare function judgeBasics(facts: { version: string; platform: string; uid: number }): void;
export declare function packagesMatch(
  lock: { readonly packages?: object },
  installed: { readonly packages?: object },
): boolean;
export declare function missingCommands(
  path?: string,
  forTests?: boolean,
): readonly { readonly command: string; readonly debian: string }[];
export declare function bootstrap(options?: { readonly forTests?: boolean }): Promise<void>;
export declare function main(work: () => Promise<number>): Promise<void>;
