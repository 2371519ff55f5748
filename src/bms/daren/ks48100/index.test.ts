import { describe, expect, it } from 'vitest';
import { BATTERY } from '../../../../test/support/batteries.ts';
import { batteryLine, scriptedLine } from '../../../../test/support/battery-line.ts';
import { readAt, sessionOn } from '../../../../test/support/sessions.ts';
import { parseFrame } from '../../../protocol/ascii-frame.ts';
import { responder as darenResponder } from '../responder.ts';
import { ks48100 } from './index.ts';
import { responder } from './responder.ts';

const text = (bytes: Uint8Array): string => String.fromCharCode(...bytes).trimEnd();

describe('reading a KS48100', () => {
  it('asks in the classes and with the INFO that it is known to want', async () => {
    const { link, requests, until } = batteryLine(responder, BATTERY);
    const known = await until(readAt(ks48100, link, 1, { cycle: 0, known: {} }));
    await until(readAt(ks48100, link, 1, { cycle: 1, known }));
    const heads = requests.map((request) => text(request).slice(0, -4));
    expect(heads).toEqual([
      '>220142420000',
      '>220142510000',
      '>22014AB0600A010103FF56',
      '>220142420000',
      '>22014247E00201',
      '>22014247E00201',
      '>22014AB0600A010104FF00',
    ]);
    expect(await until(readAt(ks48100, link, 1, { cycle: 1, known }))).toMatchObject({
      capacityDesign: 280,
      serialNumber: 'S1234567',
      maxChargeCurrent: 120,
    });
  });

  it('is asked for its names first when it is looked for, and left soon when it is silent', async () => {
    const silent = scriptedLine([]);
    await expect(silent.until(sessionOn(ks48100, silent.link, 1).probe())).rejects.toMatchObject({
      code: 'REPLY_TIMEOUT',
    });
    expect(silent.requests.map((request) => parseFrame(request, 0x3e).code)).toEqual([0x51]);
    const { link, requests, until } = batteryLine(responder, BATTERY);
    expect(await until(sessionOn(ks48100, link, 1).probe())).toMatchObject({ soc: 64 });
    expect(requests.map((request) => parseFrame(request, 0x3e).code)).toEqual([0x51, 0x42]);
  });

  it('is no Daren, and a Daren is no KS48100', async () => {
    const line = batteryLine(darenResponder, BATTERY);
    await expect(line.until(sessionOn(ks48100, line.link, 1).probe())).rejects.toMatchObject({
      code: 'REPLY_TIMEOUT',
    });
    const [asked = new Uint8Array()] = line.requests;
    const reply = responder.reply(asked, BATTERY)?.bytes ?? new Uint8Array();
    const withTilde = reply.slice();
    withTilde[0] = 0x7e;
    expect(ks48100.accept(asked)(reply)).toBe(reply.length);
    expect(ks48100.accept(asked)(withTilde)).toMatchObject({ refused: 'start' });
  });
});
