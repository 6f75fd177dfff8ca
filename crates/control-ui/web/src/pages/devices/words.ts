export const OPERATOR_SCOPES: readonly string[] = [
  "operator.admin",
  "operator.read",
  "operator.write",
  "operator.approvals",
  "operator.pairing",
  "operator.sessions.read",
  "operator.sessions.write",
  "operator.questions",
  "operator.talk",
  "operator.talk.secrets",
];
export function scopeWords(name: string): { title: string; text: string } {
  return { title: name.replace(/^operator\./, ""), text: name };
}
