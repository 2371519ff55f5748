import { describe, expect, it } from 'vitest';
import { type MatchRule, matches, ruleText } from './match-rule.ts';

const SIGNAL = { sender: ':1.5', path: '/Settings/A/B', interface: 'i.f', member: 'Changed', body: ['x', 1] };

describe('a match rule', () => {
  it('reads as the daemon expects it', () => {
    const rule = { sender: 'a.b', pathNamespace: '/A', interface: 'i.f', member: 'M', arg0: 'n' };
    expect(ruleText(rule)).toBe(
      "type='signal',sender='a.b',path_namespace='/A',interface='i.f',member='M',arg0='n'",
    );
  });

  it.each([
    ['com.victronenergy.battery.ttyUSB0', true],
    ['com.victronenergy.battery', true],
    ['com.victronenergy.batteryx', false],
    ['com.victronenergy', false],
    [7, false],
  ])('for names below a name takes %j: %s', (name, expected) => {
    const rule = { arg0Namespace: 'com.victronenergy.battery' };
    expect(ruleText(rule)).toBe("type='signal',arg0namespace='com.victronenergy.battery'");
    expect(matches(rule, { ...SIGNAL, body: [name] })).toBe(expected);
  });

  it.each<[MatchRule, boolean]>([
    [{}, true],
    [{ sender: ':1.5' }, true],
    [{ sender: ':1.6' }, false],
    [{ sender: 'org.freedesktop.DBus' }, false],
    [{ sender: 'com.victronenergy.settings' }, true],
    [{ path: '/Settings/A/B' }, true],
    [{ path: '/Settings/A' }, false],
    [{ pathNamespace: '/Settings/A' }, true],
    [{ pathNamespace: '/Settings/A/B' }, true],
    [{ pathNamespace: '/' }, true],
    [{ pathNamespace: '/Settings/A/B/C' }, false],
    [{ pathNamespace: '/Settin' }, false],
    [{ interface: 'i.g' }, false],
    [{ member: 'Gone' }, false],
    [{ arg0: 'x' }, true],
    [{ arg0: 'y' }, false],
    [{ arg0Namespace: 'x' }, true],
    [{ arg0Namespace: 'y' }, false],
  ])('%j matches: %s', (rule, expected) => {
    expect(matches(rule, SIGNAL)).toBe(expected);
  });
});
