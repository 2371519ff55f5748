/** Which signals are wanted. A well-known `sender` is resolved by the daemon; only unique names are compared again here. */
export interface MatchRule {
  readonly sender?: string;
  readonly path?: string;
  /** This path and everything below it. */
  readonly pathNamespace?: string;
  readonly interface?: string;
  readonly member?: string;
  /** First argument, a string. */
  readonly arg0?: string;
  /** First argument, a bus name: this one and every one below it. */
  readonly arg0Namespace?: string;
}

interface Matched {
  readonly sender: string;
  readonly path: string;
  readonly interface: string;
  readonly member: string;
  readonly body: readonly unknown[];
}

const DAEMON = 'org.freedesktop.DBus';

/** The rule as the daemon reads it. */
export function ruleText(rule: MatchRule): string {
  const parts: [string, string | undefined][] = [
    ['sender', rule.sender],
    ['path', rule.path],
    ['path_namespace', rule.pathNamespace],
    ['interface', rule.interface],
    ['member', rule.member],
    ['arg0', rule.arg0],
    ['arg0namespace', rule.arg0Namespace],
  ];
  return [
    "type='signal'",
    ...parts.flatMap(([key, value]) => (value === undefined ? [] : [`${key}='${value}'`])),
  ].join(',');
}

/** Signals of all rules of a connection arrive together: whether this one belongs to `rule`. */
export function matches(rule: MatchRule, signal: Matched): boolean {
  const { sender, path, pathNamespace, arg0, arg0Namespace } = rule;
  if (sender !== undefined && (sender === DAEMON || sender.startsWith(':')) && sender !== signal.sender)
    return false;
  if (path !== undefined && path !== signal.path) return false;
  if (pathNamespace !== undefined && !isBelow(pathNamespace, signal.path)) return false;
  if (rule.interface !== undefined && rule.interface !== signal.interface) return false;
  if (rule.member !== undefined && rule.member !== signal.member) return false;
  if (arg0 !== undefined && arg0 !== signal.body[0]) return false;
  return arg0Namespace === undefined || isNameBelow(arg0Namespace, signal.body[0]);
}

function isNameBelow(root: string, name: unknown): boolean {
  return typeof name === 'string' && (name === root || name.startsWith(`${root}.`));
}

function isBelow(root: string, path: string): boolean {
  return root === '/' || path === root || path.startsWith(`${root}/`);
}
