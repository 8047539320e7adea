/** Words of the ledger for the command line, which may not look into src/custody itself. */
export { describeEntry } from '../custody/describe.ts';
