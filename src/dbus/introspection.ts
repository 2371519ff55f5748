const HEADER =
  '<!DOCTYPE node PUBLIC "-//freedesktop//DTD D-BUS Object Introspection 1.0//EN" "http://www.freedesktop.org/standards/dbus/1.0/introspect.dtd">\n';

const STANDARD = `  <interface name="org.freedesktop.DBus.Introspectable">
    <method name="Introspect"><arg direction="out" type="s"/></method>
  </interface>
  <interface name="org.freedesktop.DBus.Peer">
    <method name="Ping"/>
    <method name="GetMachineId"><arg direction="out" type="s"/></method>
  </interface>
`;

const ITEM = `    <method name="GetValue"><arg direction="out" type="v" name="value"/></method>
    <method name="GetText"><arg direction="out" type="s" name="text"/></method>
    <method name="SetValue"><arg direction="in" type="v" name="value"/><arg direction="out" type="i" name="result"/></method>
`;

const ROOT = `    <method name="GetItems"><arg direction="out" type="a{sa{sv}}" name="items"/></method>
    <signal name="ItemsChanged"><arg type="a{sa{sv}}" name="changes"/></signal>
`;

/** XML of one object with its children, for dbus-spy, dbus-send and their like. */
export function introspection(root: boolean, children: readonly string[]): string {
  const nodes = children.map((name) => `  <node name="${name}"/>\n`).join('');
  return `${HEADER}<node>\n  <interface name="com.victronenergy.BusItem">\n${ITEM}${root ? ROOT : ''}  </interface>\n${STANDARD}${nodes}</node>\n`;
}
