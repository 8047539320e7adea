/** Where the counters lie by which shared-reader.ts and read-thread.ts meet; a file of its own, to start the thread fast. */

/** Counter of the chunks that lie in memory. */
export const FILLED = 0;
/** Counter of the chunks that the parent is done with. */
export const TAKEN = 1;
/** Not zero once reading has failed. */
export const FAILED = 2;
/** Counts up whenever one of the thread's own counters does. */
export const EVENTS = 3;
