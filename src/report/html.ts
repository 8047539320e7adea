/**
 * report.html from report.json and nothing else: one file, no script, nothing to load, and a policy in the file that
 * forbids a browser both.
 */
import { Buffer } from 'node:buffer';
import { sha256Hex } from '../core/digest.ts';
import { cover, summary } from './cover.ts';
import { custody, evidence, verification } from './custody.ts';
import { html, trusted, type Markup } from './escape.ts';
import { appendix, glossary, limits, tools } from './limits.ts';
import type { Report } from './model.ts';
import { hash } from './parts.ts';
import { coverage, records } from './records.ts';
import { runs } from './runs.ts';
import { styleSheet } from './style.ts';
import { witness } from './witness.ts';

/** Chapters in order; `flow` ones do not begin a printed page of their own. */
const CHAPTERS: readonly {
  readonly id: string;
  readonly no: string;
  readonly title: string;
  readonly flow?: boolean;
  readonly body: (report: Report) => Markup;
}[] = [
  { id: 'summary', no: '1', title: 'Summary', body: summary },
  { id: 'evidence', no: '2', title: 'Evidence', body: evidence },
  { id: 'custody', no: '3', title: 'Custody', body: custody },
  { id: 'verification', no: '4', title: 'Verification', body: verification },
  { id: 'witness', no: '5', title: 'CloudTrail’s own digests', flow: true, body: witness },
  { id: 'records', no: '6', title: 'Records', body: records },
  { id: 'coverage', no: '7', title: 'Coverage and activity', body: coverage },
  { id: 'questions', no: '8', title: 'Recorded questions', body: runs },
  { id: 'limits', no: '9', title: 'Limits and anomalies', body: limits },
  { id: 'tools', no: '10', title: 'Tools', flow: true, body: tools },
  { id: 'glossary', no: '11', title: 'Glossary', flow: true, body: glossary },
  { id: 'verify', no: 'A', title: 'Appendix: VERIFY.txt', body: appendix },
];

const POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:";

/**
 * Renders a report.
 * @param json the bytes of report.json.
 */
export function renderReport(json: Uint8Array): string {
  const report = JSON.parse(Buffer.from(json).toString('utf8')) as Report;
  // The foot of the page stands in a CSS string: nothing but letters, digits and plain signs gets in.
  const footer = `Case ${report.case.id}, state of ${report.as_of}`
    .replace(/[^A-Za-z0-9 ,.:_-]/g, '_')
    .slice(0, 100);
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta http-equiv="Content-Security-Policy" content="${trusted(POLICY)}" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="referrer" content="no-referrer" />
        <title>Report on case ${report.case.id}</title>
        <style>
          ${trusted(styleSheet(footer))}
        </style>
      </head>
      <body>
        ${cover(report, CHAPTERS)}
        <main>
          ${CHAPTERS.map(
            ({ id, no, title, flow, body }) =>
              html`<section id="${id}" class="chapter${flow === true ? ' flow' : ''}">
                <h2><span class="no">${no}</span>${title}</h2>
                ${body(report)}
              </section> `,
          )}
        </main>
        <footer class="colophon">
          Rendered from report.json, SHA-256 ${hash(sha256Hex(json))}, by ${report.tool.name}
          ${report.tool.version}. The same report.json gives the same file.
        </footer>
      </body>
    </html> `.text;
}
