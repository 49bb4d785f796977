import { describe, expect, it } from 'vitest';
import { buildReport } from '../../analysis/report.ts';
import { defaultAnalysisSettings } from '../../analysis/settings.ts';
import { renderReportText } from '../../src/cli/report-text.ts';
import { shopFacts } from './shop-facts.ts';

const facts = shopFacts();
const [edge] = facts.edges;
const client = edge?.client ?? '';
const server = edge?.server ?? '';
const host = server.slice(0, server.lastIndexOf(':'));
const named = (names: [string, string][]) =>
  buildReport(facts, { ...defaultAnalysisSettings, nodeNames: new Map(names) });

describe('names of nodes', () => {
  it('are told with the report and in the rows of nodes, for those that have one', () => {
    const report = named([
      [client, 'shop-app'],
      [server, 'orders-db'],
      ['203.0.113.9', 'elsewhere'],
    ]);
    expect(report.names).toEqual({ [client]: 'shop-app', [server]: 'orders-db' });
    const names = report.nodes.flatMap(({ node, name }) => (name === null ? [] : [[node, name]]));
    expect(Object.fromEntries(names)).toEqual(report.names);
    expect(report.nodes.some(({ name }) => name === null)).toBe(true);
  });

  it('of a host name its endpoints with their ports', () => {
    expect(named([[host, 'rack-7']]).names[server]).toBe(`rack-7${server.slice(host.length)}`);
  });

  it('stand in the text of the report in place of addresses', () => {
    const text = (names: [string, string][]) =>
      renderReportText(named(names), { columns: 140, color: false });
    expect(text([[server, 'orders-db']])).toMatch(/^orders-db · /m);
    expect(text([[server, 'orders-db']])).toMatch(
      new RegExp(`^ +orders-db +${server} +database`, 'm'),
    );
    expect(text([[client, 'shop\u001b[31m']])).not.toContain('\u001b');
  });
});
