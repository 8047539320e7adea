/**
 * The report's style sheet. System fonts, one accent that prints as a dark grey, no image and no font to load. On paper:
 * A4 with page numbers, table heads repeated, no row cut in two.
 */

/** CSS of the report; `footer` stands at the foot of each printed page and must be free of quotes and backslashes. */
export function styleSheet(footer: string): string {
  return `
:root {
  --ink: #1b1f24; --soft: #57606a; --line: #d0d7de; --faint: #f4f6f8;
  --accent: #1f3a5f; --bad: #8c1d18; --paper: #fff;
  --sans: system-ui, -apple-system, 'Segoe UI', 'Helvetica Neue', 'Liberation Sans', Arial, sans-serif;
  --mono: ui-monospace, 'SFMono-Regular', Menlo, Consolas, 'Liberation Mono', 'DejaVu Sans Mono', monospace;
}
* { box-sizing: border-box; }
html { background: #e9edf1; }
body {
  margin: 0 auto; max-width: 62rem; background: var(--paper); color: var(--ink);
  font: 400 0.94rem/1.5 var(--sans); padding: 0 3.5rem 4rem;
  font-variant-numeric: tabular-nums; overflow-wrap: anywhere;
  print-color-adjust: exact; -webkit-print-color-adjust: exact;
}
h1, h2, h3, h4 { color: var(--accent); line-height: 1.2; break-after: avoid; font-weight: 650; }
h1 { font-size: 2.5rem; letter-spacing: -0.01em; margin: 0.4rem 0 0.3rem; }
h2 { font-size: 1.5rem; margin: 3.2rem 0 0.9rem; padding-top: 0.7rem; border-top: 3px solid var(--accent); }
h2 .no, h3 .no { color: var(--soft); font-weight: 400; margin-right: 0.6em; }
h3 { font-size: 1.1rem; margin: 1.9rem 0 0.5rem; }
h4 { font-size: 0.8rem; margin: 1.1rem 0 0.35rem; color: var(--soft); text-transform: uppercase; letter-spacing: 0.06em; }
p { margin: 0.5rem 0 0.8rem; max-width: 46rem; }
ul.plain { margin: 0.4rem 0 1rem; padding-left: 1.2rem; max-width: 46rem; }
ul.plain li { margin: 0.3rem 0; }
a { color: inherit; text-decoration-color: var(--line); text-underline-offset: 0.15em; }
.soft { color: var(--soft); }
.small { font-size: 0.84rem; }
code, .hash, pre { font-family: var(--mono); font-size: 0.82em; }
.hash { word-break: break-all; }
.said { background: var(--faint); padding: 0 0.2em; border-radius: 2px; white-space: pre-wrap; box-decoration-break: clone; -webkit-box-decoration-break: clone; }
.result .said, .record .said { background: none; padding: 0; }
.whole { white-space: nowrap; }
.cover h1 .said, .cover .facts .said { background: none; padding: 0; }
pre {
  white-space: pre-wrap; background: var(--faint); border-left: 3px solid var(--line);
  padding: 0.7rem 0.9rem; margin: 0.4rem 0 1rem; line-height: 1.45; font-size: 0.76rem;
}
table { width: 100%; border-collapse: collapse; margin: 0.5rem 0 1.2rem; font-size: 0.84rem; line-height: 1.4; }
th, td { text-align: left; vertical-align: top; padding: 0.34rem 0.6rem 0.34rem 0; border-bottom: 1px solid var(--line); }
th:last-child, td:last-child { padding-right: 0; }
thead th { border-bottom: 1.5px solid var(--ink); font-weight: 600; color: var(--ink); vertical-align: bottom; overflow-wrap: normal; }
tfoot td { border-top: 1.5px solid var(--ink); border-bottom: 0; font-weight: 600; }
td.num, th.num { text-align: right; white-space: nowrap; }
th.num + th:not(.num), td.num + td:not(.num) { padding-left: 0.9rem; }
td.time { white-space: nowrap; }
table.facts th { width: 12.5rem; font-weight: 500; color: var(--soft); border-bottom-color: var(--line); vertical-align: top; }
table.result { font-size: 0.76rem; }
table.result thead th { overflow-wrap: anywhere; }
table.result td:not(.num) { min-width: 6.4em; }
dl.record { display: grid; grid-template-columns: 8.2rem 1fr 8.2rem 1fr; gap: 0.12rem 0.7rem; margin: 0 0 0.5rem; padding-top: 0.35rem; border-top: 1px solid var(--ink); font-size: 0.76rem; line-height: 1.38; break-inside: avoid; }
dl.record dt { color: var(--soft); }
dl.record dd { margin: 0; }
caption { text-align: left; font-size: 0.84rem; color: var(--soft); padding: 0.2rem 0 0.3rem; }
.null { color: var(--soft); }
.mark { display: inline-block; white-space: nowrap; font-size: 0.74rem; font-weight: 600; line-height: 1.25; padding: 0.06rem 0.42rem; border-radius: 3px; border: 1px solid var(--ink); }
.mark.no { background: var(--bad); border-color: var(--bad); color: #fff; }
.mark.open { border-style: dashed; color: var(--soft); border-color: var(--soft); font-weight: 500; }
.cover { padding-top: 3.2rem; }
.kicker { font-size: 0.8rem; letter-spacing: 0.14em; text-transform: uppercase; color: var(--soft); margin: 0; }
.lead { font-size: 1.05rem; color: var(--soft); margin: 0 0 1.8rem; }
.box { border: 1.5px solid var(--accent); padding: 0.9rem 1.2rem 0.4rem; margin: 1.6rem 0; break-inside: avoid; }
.box h4 { margin-top: 0; color: var(--accent); }
.box table { margin-bottom: 0.3rem; }
.box tr:last-child > * { border-bottom: 0; }
.sign { display: flex; gap: 2.5rem; margin: 3.4rem 0 1rem; break-inside: avoid; }
.sign div { flex: 1; border-top: 1px solid var(--ink); padding-top: 0.3rem; font-size: 0.8rem; color: var(--soft); }
.tiles { display: grid; grid-template-columns: repeat(4, 1fr); gap: 0; margin: 0.8rem 0 1.4rem; border: 1px solid var(--line); break-inside: avoid; }
.tiles div { padding: 0.7rem 0.9rem; border-right: 1px solid var(--line); }
.tiles div:last-child { border-right: 0; }
.tiles b { display: block; font-size: 1.5rem; font-weight: 600; color: var(--accent); line-height: 1.25; white-space: nowrap; }
.tiles span { font-size: 0.78rem; color: var(--soft); }
.alert { border: 1.5px solid var(--bad); border-left-width: 7px; padding: 0.6rem 1rem; margin: 0.9rem 0; max-width: 46rem; break-inside: avoid; }
.alert b { color: var(--bad); }
nav ol { list-style: none; padding: 0; margin: 0.4rem 0 0; columns: 2; column-gap: 2.5rem; font-size: 0.9rem; }
nav li { padding: 0.16rem 0; break-inside: avoid; }
nav a { text-decoration: none; display: flex; gap: 0.8em; }
nav a .no { color: var(--soft); min-width: 1.4em; }
figure { margin: 0.8rem 0 1.6rem; break-inside: avoid; }
figcaption { break-after: avoid; font-size: 0.84rem; color: var(--soft); margin-bottom: 0.4rem; }
svg { display: block; width: 100%; height: auto; font-family: var(--sans); }
.run { margin-top: 2.4rem; }
dl.terms { display: grid; grid-template-columns: 12.5rem 1fr; gap: 0.5rem 1rem; margin: 0.6rem 0; font-size: 0.88rem; }
dl.terms dt { font-weight: 600; }
dl.terms dd { margin: 0; max-width: 36rem; }
.colophon { margin-top: 3rem; border-top: 1px solid var(--line); padding-top: 0.8rem; font-size: 0.78rem; color: var(--soft); }
@media (max-width: 46rem) {
  body { padding: 0 1.1rem 2rem; }
  .tiles { grid-template-columns: repeat(2, 1fr); }
  nav ol { columns: 1; }
  table.facts th { width: 8rem; }
  dl.record { grid-template-columns: 8.2rem 1fr; }
  dl.terms { grid-template-columns: 1fr; gap: 0.1rem; }
}
@page {
  size: A4; margin: 17mm 16mm 19mm;
  @bottom-left { content: '${footer}'; font: 7.5pt system-ui, sans-serif; color: #57606a; }
  @bottom-right { content: 'page ' counter(page) ' of ' counter(pages); font: 7.5pt system-ui, sans-serif; color: #57606a; }
}
@media print {
  html { background: none; font-size: 12.8px; }
  body { max-width: none; padding: 0; line-height: 1.42; }
  p, ul.plain, .alert { max-width: none; }
  h2 { margin: 0 0 0.8rem; }
  section.chapter { break-before: page; }
  section.chapter.flow { break-before: auto; margin-top: 2.4rem; }
  .cover { padding-top: 3rem; }
  thead { display: table-header-group; }
  tfoot { display: table-row-group; }
  tr, dl.terms > *, .mark { break-inside: avoid; }
  p, li { orphans: 3; widows: 3; }
  a { text-decoration: none; }
}
`;
}
