#!/usr/bin/env node
/** `npx clrk`: the bundle, built first when a source is newer. One process: arguments, streams and signals are its own. */
process.setSourceMapsEnabled(true);
const { bundle, provideBundle } = await import('./bundle.mjs');
await provideBundle();
await import(bundle);
