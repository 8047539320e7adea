/** The one file of node-forge that reading a signature needs; loading the whole package takes 20 ms more. */
declare module 'node-forge/lib/asn1.js' {
  import type forge from 'node-forge';
  const asn1: typeof forge.asn1;
  export default asn1;
}
