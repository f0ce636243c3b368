/** The program's entry. */
export declare const bundle: string;
export declare function provideBundle(): Promise<string>;
export declare const bundleOptions: import('esbuild').BuildOptions;
