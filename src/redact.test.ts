import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { HIDDEN, keepSecret, redact } from './redact.ts';

describe('what is written down', () => {
  it.each([
    ['mqtt://owner:s3cret@broker.lan:1883 refused', 's3cret', 'mqtt://owner:***@broker.lan:1883 refused'],
    ['password = "my house 7"', 'my house 7', 'password = ***'],
    ['{"password":"abc","port":1883}', 'abc', '{"password":***,"port":1883}'],
    ["passwd='abc'", 'abc', 'passwd=***'],
    ['user=me&token=eyJhbGciOi.x.y&site=a', 'eyJhbGciOi', 'user=me&token=***&site=a'],
    ['Authorization: Bearer abcdef123456', 'abcdef123456', 'Authorization: Bearer ***'],
    ['Authorization: Token my-influx==', 'my-influx', 'Authorization: Token ***'],
    ['api_key: 0123456789abcdef', '0123456789abcdef', 'api_key: ***'],
    ['bluetooth pin=123456, adapter hci0', '123456', 'bluetooth pin=***, adapter hci0'],
    ['mqtt_password: hunter2', 'hunter2', 'mqtt_password: ***'],
    [
      'no answer from A4:C1:38:12:34:56 (JK-B2A8S20P)',
      '12:34:56',
      'no answer from A4:C1:38:*** (JK-B2A8S20P)',
    ],
    [
      '/org/bluez/hci0/dev_A4_C1_38_12_34_56/service0010',
      '12_34_56',
      '/org/bluez/hci0/dev_A4_C1_38_***/service0010',
    ],
    ['topic N/c0619ab12345/battery/1/Soc', 'c0619ab12345', 'topic N/***/battery/1/Soc'],
    ['portal id c0619ab12345 found', 'c0619ab12345', 'portal id *** found'],
  ])('%s hides %s', (text, secret, shown) => {
    expect(redact(text)).toBe(shown);
    expect(redact(text)).not.toContain(secret);
  });

  it.each([
    'a55a0008a8 -> 4e57001300000000060001 (12 ms)',
    'Charge limited to 48 A: highest cell 3.44 V, nearing 3.55 V (before: 60 A)',
    'com.victronenergy.battery.ttyUSB0 is on the bus as device instance 1',
    'jk at 0, 115200 8N1: yes (71 ms)',
    'the key of this battery is jk_12345678',
    'monkey: 12',
    '12:34:56 no answer',
    '/dev/serial/by-id/usb-FTDI_FT232R_USB_UART_A50285BI-if00-port0',
  ])('leaves %s as it is', (text) => {
    expect(redact(text)).toBe(text);
  });

  it('hides what was named as a secret wherever it stands', () => {
    keepSecret(' pass phrase 1 \n');
    expect(redact('sent "pass phrase 1" to the broker, pass phrase 1 was refused')).toBe(
      `sent "${HIDDEN}" to the broker, ${HIDDEN} was refused`,
    );
  });

  it('never shows a password that stands in a setting or an address, whatever it consists of', () => {
    const password = fc.stringMatching(/^[A-Za-z0-9!$%*+.~^_-]{6,24}$/).map((text) => `Q${text}`);
    fc.assert(
      fc.property(password, fc.constantFrom(':', '=', ' = ', ': '), (secret, between) => {
        expect(redact(`mqtt://me:${secret}@host/x`)).not.toContain(secret);
        expect(redact(`password${between}"${secret}"`)).not.toContain(secret);
        expect(redact(`password${between}${secret}`)).not.toContain(secret);
      }),
    );
  });

  it('changes nothing that is redacted already', () => {
    const piece = fc.oneof(
      fc.string({ maxLength: 12 }),
      fc.constantFrom('password', 'pin=', 'token: ', '"', 'N/c0619ab12345/', 'A4:C1:38:12:34:56', '://a:b@'),
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 8 }), (pieces) => {
        const once = redact(pieces.join(''));
        expect(redact(once)).toBe(once);
      }),
    );
  });
});
