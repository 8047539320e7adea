/** Any console call in a test throws: the product prints through Effects, and a test that prints hides its failure. */
const METHODS = ['log', 'info', 'warn', 'error', 'debug', 'trace', 'dir', 'table'] as const;

for (const method of METHODS) {
  // eslint-disable-next-line no-console -- replacing it is the purpose
  console[method] = (...words: unknown[]): never => {
    throw new Error(`console.${method} was called in a test: ${words.map(String).join(' ')}`);
  };
}
